package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

func answering(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
}

func TestTheFirstMountThatTakesAPathHasItAndNoPathIsCleaned(t *testing.T) {
	t.Parallel()
	list := mounts{
		{pattern: "/socket.io/", handler: answering("sockets")},
		{pattern: "/healthz", handler: answering("health")},
		{pattern: "/healthz", handler: answering("another health")},
		{pattern: "/api/v1/", handler: answering("api")},
		{pattern: "/api/", handler: answering("older api")},
	}
	page := append(list[:len(list):len(list)], mount{pattern: "/", handler: answering("page")})
	for path, want := range map[string]string{
		"/socket.io/": "sockets", "/socket.io": "sockets", "/socket.io/a/b": "sockets", "/socket.iox": "", "//socket.io/": "",
		"/healthz": "health", "/healthz/": "", "/healthzz": "", "/api/v1": "api", "/api/v1/x": "api", "/api/v2": "older api",
		"/": "", "/x/../healthz": "",
	} {
		for _, served := range []struct {
			mounts    mounts
			otherwise string
		}{{list, "404 page not found\n"}, {page, "page"}} {
			expected := want
			if expected == "" {
				expected = served.otherwise
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.Path = path
			w := httptest.NewRecorder()
			served.mounts.ServeHTTP(w, r)
			if w.Body.String() != expected {
				t.Errorf("%s: %q, want %q", path, w.Body, expected)
			}
		}
	}
}

// deadlines notes until when a body may be read.
type deadlines struct {
	http.ResponseWriter
	reading time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.reading = t
	return nil
}

func TestABodyIsReadByTheRuleOfItsMount(t *testing.T) {
	t.Parallel()
	list := mounts{
		{pattern: "/bounded", handler: answering(""), bodyTimeout: time.Minute},
		{pattern: "/own", handler: answering("")},
	}
	for path, want := range map[string]time.Duration{"/bounded": time.Minute, "/own": 0, "/nobody": bodyTimeout} {
		w := &deadlines{ResponseWriter: httptest.NewRecorder()}
		before := time.Now()
		list.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader("body")))
		if want == 0 && !w.reading.IsZero() || want != 0 && (w.reading.Before(before.Add(want)) || w.reading.After(time.Now().Add(want))) {
			t.Errorf("%s: until %v, want %v from now", path, w.reading, want)
		}
	}
}

// A client with another path, or a proxy that changes it, is refused without a word to its people.
func TestTheLogNamesThePathAndTheOriginThatAreRefused(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	a, err := Open(t.Context(), testConfig(t), slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for _, c := range []struct {
		path, header, value string
		want                string
	}{
		{"/", "X-No", "thing", ""},
		{"/favicon.ico?transport=x", "X-No", "thing", ""},
		{"/api/socket/?EIO=4&transport=polling", "X-No", "thing", "path=/api/socket/"},
		{"/socket.io/?EIO=4&transport=polling", "Origin", "https://www.app.example", "origin=https://www.app.example host=" + a.Addr().String()},
	} {
		before := len(log.String())
		r, err := http.NewRequest("GET", "http://"+a.Addr().String()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(c.header, c.value)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		said := log.String()[before:]
		if c.want == "" && strings.Contains(said, "WARN") || !strings.Contains(said, c.want) {
			t.Errorf("%s: logged %q, want %q", c.path, said, c.want)
		}
	}
}
