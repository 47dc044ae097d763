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
		"MESSAGE_TABLE='\\$LITERAL'\r\nAPP_NAME=${NOT_OURS}\r\nLOG_FORMAT=\r\n")
	if err := os.Mkdir(filepath.Join(dir, ".env.local"), 0o700); err != nil { // what Docker makes of a missing mount
		t.Fatal(err)
	}
	env, faults, warnings := readEnvironment(dir, []string{"LOG_FORMAT=json"})
	if faults != nil {
		t.Fatal(faults)
	}
	for name, want := range map[string]string{
		"JWT_SECRET": "quoted secret", "DATABASE_URL": "postgres://ada:@h/db", "MESSAGE_TABLE": "$LITERAL", "LOG_FORMAT": "json",
	} {
		if got := env[name].value; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if want := []string{"DATABASE_URL in .env uses ${DB_PASSWORD}, which this file does not define: it reads as empty"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
}

func TestAFileOfPowerShellIsNamedAsSuchInOneLine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff\xfeP\x00O\x00R\x00T\x00=\x001\x00\n\x00A\x00", "\xfe\xff\x00P\x00O\x00R\x00T\x00=\x001\x00\n\x00A"} {
		dir := t.TempDir()
		write(t, dir, ".env", text)
		_, faults, warnings := readEnvironment(dir, nil)
		want := []string{".env is written in UTF-16, as PowerShell does it, which neither Next.js nor the gateway reads: save it as UTF-8"}
		if faults != nil || !slices.Equal(warnings, want) {
			t.Errorf("faults %q, warnings %q", faults, warnings)
		}
	}
}

func TestALineThatIsNotUnderstoodCostsThatLineOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "\ufeffJWT_SECRET=\"hunter2 without an end\r\n\r\nhunter2 ??\n# a comment\nPORT=1\nexport hunter2\nSESSION_QUERY=hun$ter2$1$2\nTOKEN_COOKIE=x${hunter2}\n")
	env, faults, warnings := readEnvironment(dir, nil)
	if faults != nil || env["JWT_SECRET"].value != `"hunter2 without an end` || env["PORT"].value != "1" || env["SESSION_QUERY"].value != "hun" {
		t.Errorf("faults %q, %+v", faults, env)
	}
	const dollar = `a $ begins the name of a variable that there is not, which reads as empty, as in Next.js; a $ itself is written \$`
	want := []string{
		".env, line 3, is not like NAME=value: it is passed over",
		".env, line 6, is not like NAME=value: it is passed over",
		".env, line 1: the quote before the value of JWT_SECRET is part of it, since none closes it at the end, as Next.js reads it too",
		".env, line 7: in SESSION_QUERY " + dollar,
		".env, line 8: in TOKEN_COOKIE " + dollar,
	}
	if !slices.Equal(warnings, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(warnings, "\n"), strings.Join(want, "\n"))
	}
}

func TestAValueThatRefersToItselfCostsTheFileAsInNext(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"PORT=1\nHOST=a$HOST\n", "PORT=1\nA=$B\nB=$A\n"} {
		dir := t.TempDir()
		write(t, dir, ".env.local", text)
		write(t, dir, ".env", "PORT=2\n")
		env, faults, warnings := readEnvironment(dir, nil)
		if faults != nil || len(env) != 1 || env["PORT"] != (setting{"2", ".env"}) {
			t.Errorf("%q: %v, %+v", text, faults, env)
		}
		if len(warnings) != 1 || !strings.HasPrefix(warnings[0], ".env.local, line 2: ") {
			t.Errorf("%q: warnings %q", text, warnings)
		}
	}
}

func TestOnlyFilesAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(os.DevNull, filepath.Join(dir, ".env.local")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".env", filepath.Join(dir, ".env")); err != nil { // a circle can't be opened
		t.Fatal(err)
	}
	if _, faults, _ := readEnvironment(dir, nil); len(faults) != 1 || !strings.HasPrefix(faults[0], ".env cannot be read: ") {
		t.Errorf("faults %q", faults)
	}
}

func TestProductionIsWhatNODE_ENVSays(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"production": true, "": false, "development": false, "test": false, "Production": false} {
		if c, _ := parse(environment{"NODE_ENV": {value: value}}, Rules{}); c.Production != want {
			t.Errorf("NODE_ENV=%q: %t", value, c.Production)
		}
	}
}
