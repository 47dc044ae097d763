package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/pkg/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func output(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"socketgate"}, args...)
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

func TestTokenIsSignedWithTheSecretOfTheEnvironment(t *testing.T) {
	const secret = "a secret that is long enough for tests"
	t.Setenv("JWT_SECRET", secret)
	tok := strings.TrimSpace(output(t, "token", "-user", "u7", "-name", "Ann"))
	verifier, err := token.NewVerifier([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verifier.Verify(t.Context(), tok)
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
	go func() { done <- run(ctx, []string{"socketgate"}, &bytes.Buffer{}) }()
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
		if args == nil && !strings.Contains(err.Error(), "socketgate check tries all that a start needs") {
			t.Errorf("a start that fails does not say what says more: %v", err)
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
	err := run(t.Context(), []string{"socketgate", "serv"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `"serv"`) || !strings.Contains(err.Error(), "usage:") {
		t.Errorf("got %v", err)
	}
}

// `check https://app.example.com` looked at nothing from outside, and said that all was well.
func TestWhatACommandDoesNotTakeIsRefused(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"demo", "check", "token", "health", "schema", "env", "version"} {
		var out bytes.Buffer
		err := run(t.Context(), []string{"socketgate", command, "https://app.example.com"}, &out)
		if err == nil || !strings.Contains(err.Error(), `"https://app.example.com"`) || out.Len() > 0 {
			t.Errorf("%s printed %q and said %v", command, out.String(), err)
		}
	}
}

func TestTheProgramCallsItselfByTheNameThatItWasStartedWith(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("JWT_SECRET", "a secret that is long enough for tests")
	t.Setenv("DATABASE_URL", "none")
	t.Setenv("GATEWAY_PORT", "0")
	for started, name := range map[string]string{
		"/opt/chat/bin/socketgate": "socketgate", "./gateway": "gateway", "socketgate.exe": "socketgate", "sg": "sg", "": "socketgate",
	} {
		for _, command := range []string{"help", "serv", "check"} {
			var out bytes.Buffer
			err := run(t.Context(), []string{started, command}, &out)
			if said := out.String() + fmt.Sprint(err); !strings.Contains(said, name+" env") || strings.Contains(said, "%!") {
				t.Errorf("%q %s says\n%s\nand not %s env", started, command, said, name)
			}
		}
	}
	if name := programName(nil); name != "socketgate" {
		t.Errorf("without a name it is %q", name)
	}
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{seen: cancel} // ends the demo as soon as it has said its URL
	if err := run(ctx, []string{"socketgate", "demo", "-port", "0"}, out); err != nil {
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
