package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"errors"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/demo"
)

const (
	patience   = 10 * time.Second
	testSecret = "a secret that is long enough for tests"
)

// testSettings are for a gateway on a free port that has no database yet.
func testSettings() config.Config {
	c := config.Default()
	c.Host, c.Port = "127.0.0.1", 0
	c.JWTSecret = testSecret
	c.MessageEncryptionKey = config.Secret(strings.Repeat("ab", 32))
	return c
}

// testConfig is a gateway with a SQLite file of its own.
func testConfig(t *testing.T) config.Config {
	t.Helper()
	c := testSettings()
	c.DatabaseURL = config.DatabaseURL("file:" + filepath.Join(t.TempDir(), "test.db"))
	rows, err := demo.OpenDatabase(t.Context(), string(c.DatabaseURL))
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	return c
}

// start runs a gateway until the test's end.
func start(t *testing.T, c config.Config) (a *App, stop func() error) {
	t.Helper()
	a, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return errors.New("does not stop")
		}
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return a, stop
}

func get(t *testing.T, addr, path string) (status int, body string) {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestOnlySocketsAndHealthAreServed(t *testing.T) {
	t.Parallel()
	a, _ := start(t, testConfig(t))
	addr := a.Addr().String()
	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200,
		"/socket.io/": 400, "/socket.io": 400, "/socket.io/x?EIO=4&transport=websocket": 400,
		"/": 404, "/index.html": 404, "/socket.iox": 404, "/healthz/": 404, "/metrics": 404, "/debug/pprof/": 404,
		"/api/messages": 404, "//socket.io/": 404, "/demo/rows": 404,
	} {
		if got, body := get(t, addr, path); got != want {
			t.Errorf("%s: %d %q, want %d", path, got, body, want)
		}
	}
}

func TestMetricsAndProfilesAreOnTheAdminPortOnly(t *testing.T) {
	t.Parallel()
	c := testConfig(t)
	c.AdminAddr = "127.0.0.1:0"
	a, _ := start(t, c)
	admin := a.servers[1].listener.Addr().String()
	get(t, a.Addr().String(), "/socket.io/?transport=nonsense")
	_, metrics := get(t, admin, "/metrics")
	for _, want := range []string{
		"socketgate_connections 0", "socketgate_rooms 0", "socketgate_commit_messages_count 0",
		"socketgate_commit_seconds_count 0", "go_goroutines",
		`socketgate_handshakes_refused_total{cause="unknown transport"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	if status, _ := get(t, admin, "/debug/pprof/goroutine?debug=1"); status != 200 {
		t.Errorf("profile: %d", status)
	}
}

func TestPortInUseIsAnErrorThatLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	a, _ := start(t, testConfig(t))
	c := testConfig(t)
	c.AdminAddr = a.Addr().String()
	if _, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want address in use", err)
	}
}

func TestNotReadyOnceItStops(t *testing.T) {
	t.Parallel()
	a, stop := start(t, testConfig(t))
	a.health.Drain()
	if status, body := get(t, a.Addr().String(), "/readyz"); status != 503 || body != "shutting down\n" {
		t.Errorf("readyz %d %q", status, body)
	}
	if status, _ := get(t, a.Addr().String(), "/healthz"); status != 200 {
		t.Errorf("healthz %d", status)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
