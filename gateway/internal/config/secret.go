package config

import "os"

// LoadSecret reads JWT_SECRET alone, from where [Load] reads it: making a token needs nothing else.
func LoadSecret() (Secret, error) {
	env, faults, _ := readEnvironment(".", os.Environ())
	if faults != nil {
		return "", faults
	}
	_, secret, ok := env.lookup("JWT_SECRET")
	if !ok {
		missing := newReport(env)
		missing.add("JWT_SECRET", nil)
		return "", missing.inOrder()
	}
	return Secret(secret.value), nil
}
