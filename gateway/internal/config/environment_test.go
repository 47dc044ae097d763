package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestVariablesOfKubernetesAreNotOurs(t *testing.T) {
	t.Parallel()
	env, faults, _ := readEnvironment(t.TempDir(), []string{
		"GATEWAY_PORT=tcp://10.0.0.7:4000", "GATEWAY_SERVICE_HOST=10.0.0.7", "GATEWAY_SERVICE_PORT=4000", "GATEWAY_SERVICE_PORT_HTTP=4000",
		"GATEWAY_PORT_4000_TCP=tcp://10.0.0.7:4000", "GATEWAY_PORT_4000_TCP_ADDR=10.0.0.7", "PORT=4001",
		"JWT_SECRET=" + goodSecret, "DATABASE_URL=none", "ROOM_RULES=lobby=all",
	})
	c, more := parse(env, ruled)
	if faults != nil || more != nil || c.Warnings != nil || c.Port != 4001 {
		t.Errorf("faults %v %v, warnings %q, port %d", faults, more, c.Warnings, c.Port)
	}
}

func TestDotenvFilesAreReadInTheOrderOfNext(t *testing.T) {
	t.Parallel()
	all := []string{".env", ".env.local"}
	for _, mode := range []string{"development", "production", "test"} {
		all = append(all, ".env."+mode, ".env."+mode+".local")
	}
	for _, c := range []struct {
		nodeEnv string
		order   []string
	}{
		{"", []string{".env.development.local", ".env.local", ".env.development", ".env"}},
		{"development", []string{".env.development.local", ".env.local", ".env.development", ".env"}},
		{"production", []string{".env.production.local", ".env.local", ".env.production", ".env"}},
		{"test", []string{".env.test.local", ".env.test", ".env"}},
	} {
		dir := t.TempDir()
		for _, file := range all {
			write(t, dir, file, "TOKEN_COOKIE="+file+"\n")
		}
		for _, file := range append(c.order, "") { // each in turn is the winner, until none is left
			env, faults, _ := readEnvironment(dir, []string{"NODE_ENV=" + c.nodeEnv})
			if got := env["TOKEN_COOKIE"]; faults != nil || got.value != file || got.file != file {
				t.Fatalf("NODE_ENV=%s: %q from %q, %v, want %q", c.nodeEnv, got.value, got.file, faults, file)
			}
			if file != "" {
				if err := os.Remove(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
		}
		env, _, _ := readEnvironment(dir, []string{"TOKEN_COOKIE=process", "NODE_ENV=" + c.nodeEnv})
		if env["TOKEN_COOKIE"].value != "process" {
			t.Error("the process does not win")
		}
	}
}

func TestDotenvFormsThatAppsUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "# a comment\r\nexport JWT_SECRET=\"quoted secret\" # why\r\nDB_USER=ada\r\nDATABASE_URL=\"postgres://${DB_USER}:${DB_PASSWORD}@h/db\"\r\n"+
		"MESSAGE_TABLE='${LITERAL}'\r\nAPP_NAME=${NOT_OURS}\r\nLOG_FORMAT=\r\n")
	if err := os.Mkdir(filepath.Join(dir, ".env.local"), 0o700); err != nil { // what Docker makes of a missing mount
		t.Fatal(err)
	}
	env, faults, warnings := readEnvironment(dir, []string{"LOG_FORMAT=json"})
	if faults != nil {
		t.Fatal(faults)
	}
	for name, want := range map[string]string{
		"JWT_SECRET": "quoted secret", "DATABASE_URL": "postgres://ada:@h/db", "MESSAGE_TABLE": "${LITERAL}", "LOG_FORMAT": "json",
	} {
		if got := env[name].value; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if want := []string{"DATABASE_URL in .env uses ${DB_PASSWORD}, which this file does not define: it reads as empty"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
}

func TestBrokenDotenvFileIsAFaultThatQuotesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "JWT_SECRET=\"hunter2 without an end\nPORT=1\nhunter2 ??\n")
	_, faults, _ := readEnvironment(dir, nil)
	if len(faults) != 1 || !strings.HasPrefix(faults[0], ".env cannot be understood; it should hold") || strings.Contains(faults[0], "hunter2") {
		t.Errorf("faults %q", faults)
	}
}
