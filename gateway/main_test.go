package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func output(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatalf("gateway %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

func TestReadmeHoldsTheTablesOfTheCode(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var reasons bytes.Buffer
	if err := app.WriteReasons(&reasons); err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile("../scripts/bench/results/results.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []struct{ start, end, want string }{
		{"<!-- what `gateway env` prints -->\n", "<!-- end of `gateway env` -->", output(t, "env")},
		{"<!-- results of scripts/bench/run -->\n", "<!-- end of the results -->", string(results)},
		{"<!-- disconnect reasons -->\n", "<!-- end of disconnect reasons -->", reasons.String()},
	} {
		_, rest, _ := strings.Cut(string(readme), table.start)
		if got, _, found := strings.Cut(rest, table.end); !found || got != table.want {
			t.Errorf("behind %s the README should have:\n%s", table.start, table.want)
		}
	}
}

func TestTokenIsSignedWithTheSecretOfTheEnvironment(t *testing.T) {
	const secret = "a secret that is long enough for tests"
	t.Setenv("JWT_SECRET", secret)
	tok := strings.TrimSpace(output(t, "token", "-user", "u7", "-name", "Ann"))
	verifier, err := token.NewVerifier([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verifier.Verify(tok)
	if err != nil || claims.UserID != "u7" || claims.Username != "Ann" || claims.Expires.IsZero() {
		t.Errorf("claims %+v, %v", claims, err)
	}
}

// A database that takes connections and says nothing holds the start up; who asks it to end then has no fault to mend.
func TestAStartThatIsEndedIsNoFailure(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	t.Chdir(t.TempDir())
	t.Setenv("JWT_SECRET", "a secret that is long enough for tests")
	t.Setenv("MESSAGE_CIPHER", "plaintext")
	t.Setenv("DATABASE_URL", "postgres://chat:chat@"+silent.Addr().String()+"/chat?sslmode=disable")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, nil, &bytes.Buffer{}) }()
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// A start and a check hold DATABASE_URL against the same rules, and tell it beside every other fault.
func TestADatabaseURLThatIsWrongIsNamedByStartAndCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("JWT_SECRET", "a secret that is long enough for tests")
	t.Setenv("MESSAGE_CIPHER", "plaintext")
	t.Setenv("DATABASE_URL", "mysql://root:hunter2@db/chat")
	t.Setenv("JOIN_EVENTS", "disconnect")
	for _, args := range [][]string{nil, {"health"}, {"check"}} {
		var out bytes.Buffer
		err := run(t.Context(), args, &out)
		if err == nil {
			t.Fatalf("%q: no fault", args)
		}
		all := out.String() + err.Error()
		for _, want := range []string{"DATABASE_URL holds mysql://root:hidden@db/chat, where mysql is not supported; it should hold postgres://",
			`JOIN_EVENTS holds "disconnect", where "disconnect" is a name that Socket.IO keeps for itself`} {
			if strings.Count(all, want) != 1 || strings.Contains(all, "hunter2") {
				t.Errorf("%q: %s\nwant %s", args, all, want)
			}
		}
	}
}

func TestVersionNamesGo(t *testing.T) {
	t.Parallel()
	if got := output(t, "version"); !strings.HasPrefix(got, "socketgate ") || !strings.Contains(got, " go1.") {
		t.Errorf("got %q", got)
	}
}

func TestUnknownCommandShowsTheUsage(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), []string{"serv"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `"serv"`) || !strings.Contains(err.Error(), "usage:") {
		t.Errorf("got %v", err)
	}
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{seen: cancel} // ends the demo as soon as it has said its URL
	if err := run(ctx, []string{"demo", "-port", "0"}, out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "http://localhost:") {
		t.Errorf("printed %q", out.String())
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left %v behind", left)
	}
}

type firstWrite struct {
	bytes.Buffer
	seen func()
}

func (w *firstWrite) Write(b []byte) (int, error) {
	defer w.seen()
	return w.Buffer.Write(b)
}
