package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// beside sets the environment of a gateway that listens where the handler is served.
func beside(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	t.Chdir(t.TempDir())
	t.Setenv("JWT_SECRET", "a secret that is long enough for tests")
	t.Setenv("DATABASE_URL", "none")
	t.Setenv("GATEWAY_PORT", port)
}

func TestHealthIsReadinessUnlessAskedForLife(t *testing.T) {
	beside(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			http.Error(w, "message store unavailable", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	err := run(t.Context(), []string{"socketgate", "health"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "message store unavailable") {
		t.Errorf("an unready gateway: %v", err)
	}
	if got := output(t, "health", "-live"); got != "ok\n" {
		t.Errorf("got %q", got)
	}
}

func TestHealthOfAGatewayThatHangsIsBad(t *testing.T) {
	hung := make(chan struct{})
	beside(t, func(http.ResponseWriter, *http.Request) { <-hung })
	t.Cleanup(func() { close(hung) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := run(ctx, []string{"socketgate", "health"}, &bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}

func TestHealthWithoutAGatewayIsBad(t *testing.T) {
	beside(t, func(http.ResponseWriter, *http.Request) {})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	t.Setenv("GATEWAY_PORT", strconv.Itoa(free.Addr().(*net.TCPAddr).Port))
	if err := run(t.Context(), []string{"socketgate", "health"}, &bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}
