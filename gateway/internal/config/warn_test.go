package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestSuspiciousSettingsWarn(t *testing.T) {
	t.Parallel()
	const quoted = " is in quotes, which are taken as part of it; remove them unless the web app has them too"
	for _, c := range []struct{ name, value, want string }{
		{"JWT_SECRET", "short", "JWT_SECRET has 5 bytes; a secret for HS256 should have at least 32 (openssl rand -base64 48)"},
		{"JWT_SECRET", `"` + goodSecret + `"`, "JWT_SECRET" + quoted},
		{"JWT_SECRET", "'" + goodSecret + "'", "JWT_SECRET" + quoted},
		{"JWT_SECRET", goodSecret + "\n", "JWT_SECRET has white space or a line feed around it, which is taken as part of it; remove it unless the web app has it too"},
		{"ALLOWED_ORIGINS", "*", "ALLOWED_ORIGINS has *: any web site can connect as the user who visits it"},
		{"GATEWAY_RATE_LIMT", "5", "GATEWAY_RATE_LIMT is not a variable of the gateway; did you mean RATE_LIMIT?"},
		{"GATEWAY_ALLOWED_ORIGIN", "5", "GATEWAY_ALLOWED_ORIGIN is not a variable of the gateway; did you mean ALLOWED_ORIGINS?"},
		{"GATEWAY_ADDRESS_BOOK", "5", "GATEWAY_ADDRESS_BOOK is not a variable of the gateway (the command env lists them)"},
		{"ADDRESS_BOOK", "5", ""},
		{"JOIN_EVENT", "5", "JOIN_EVENT is not a variable of the gateway; if it is meant for it, it is called JOIN_EVENTS"},
		{"TRUSTED_PROXY", "5", "TRUSTED_PROXY is not a variable of the gateway; if it is meant for it, it is called TRUSTED_PROXIES"},
		{"JOIN_EVENT", " ", ""},
		{"JWT_SECRETS", "5", ""}, // JWT_SECRET is set: the app's own
		{"PORTS", "5", ""},
	} {
		got, faults := parse(with(c.name, c.value), ruled)
		if faults != nil || strings.Join(got.Warnings, "\n") != c.want {
			t.Errorf("%s=%q: faults %v\n got %q\nwant %q", c.name, c.value, faults, got.Warnings, c.want)
		}
		if c.name == "JWT_SECRET" && string(got.JWTSecret) != c.value {
			t.Errorf("the secret %q was changed to %q: the app would sign with another", c.value, string(got.JWTSecret))
		}
	}
}

func TestUnknownVariablesAreToldInOrder(t *testing.T) {
	t.Parallel()
	c, _ := parse(with("GATEWAY_QA", "", "GATEWAY_QD", "", "GATEWAY_QC", "", "GATEWAY_QB", "", "GATEWAY_QE", ""), ruled)
	if len(c.Warnings) != 5 || !slices.IsSorted(c.Warnings) {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestThePortOfNextIsNotTakenUnnoticed(t *testing.T) {
	t.Parallel()
	env := with()
	env["PORT"] = setting{value: "3000", file: ".env.local"}
	c, _ := parse(env, ruled)
	if want := []string{"PORT is in .env.local, where Next.js finds it too: add GATEWAY_PORT=4000 there, or the two take each other's port"}; !slices.Equal(c.Warnings, want) {
		t.Errorf("warnings %q, want %q", c.Warnings, want)
	}
	env["GATEWAY_PORT"] = setting{value: "4000", file: ".env"}
	if c, _ = parse(env, ruled); c.Warnings != nil {
		t.Errorf("with GATEWAY_PORT: %q", c.Warnings)
	}
	if c, _ = parse(with("PORT", "3000"), ruled); c.Warnings != nil {
		t.Errorf("of the process: %q", c.Warnings)
	}
}

func TestSecretsThatEverybodyKnowsAreNamed(t *testing.T) {
	t.Parallel()
	compose, err := os.ReadFile("../../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"JWT_SECRET", "MESSAGE_ENCRYPTION_KEY"} {
		found := regexp.MustCompile(`\$\{` + name + `:-([^}]+)\}`).FindSubmatch(compose)
		if found == nil {
			t.Errorf("docker-compose.yml has no %s", name)
			continue
		}
		got, faults := parse(with(name, string(found[1])), ruled)
		if faults != nil || len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], name+" is the one of docker-compose.yml") {
			t.Errorf("%s: faults %v, warnings %q", name, faults, got.Warnings)
		}
	}
}
