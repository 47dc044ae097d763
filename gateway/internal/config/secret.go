package config

import "os"

// LoadSecret reads JWT_SECRET alone, from where [Load] reads it, or else the secret of Auth.js or NextAuth: making a token
// needs nothing else.
func LoadSecret() (Config, error) {
	env, faults, _ := readEnvironment(".", os.Environ())
	if faults != nil {
		return Config{}, faults
	}
	var c Config
	for name, field := range map[string]*Secret{"JWT_SECRET": &c.JWTSecret, "AUTH_SECRET": &c.AuthSecret, "AUTH_SECRET_1": &c.AuthSecret1,
		"AUTH_SECRET_2": &c.AuthSecret2, "AUTH_SECRET_3": &c.AuthSecret3, "NEXTAUTH_SECRET": &c.NextauthSecret} {
		if _, secret, ok := env.lookup(name); ok {
			*field = Secret(secret.value)
		}
	}
	if c.JWTSecret == "" && len(c.AuthSecrets()) == 0 {
		missing := newReport(env, Rules{})
		missing.add("JWT_SECRET", env.alias("JWT_SECRET", secretAliases))
		return Config{}, missing.inOrder()
	}
	return c, nil
}
