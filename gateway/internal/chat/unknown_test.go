package chat

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

func TestUnknownEventsAreAnsweredOnlyIfAsked(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", time.Hour)
	for _, event := range []string{"typing", "toString", "__proto__", "constructor", ""} {
		v.say(`42["` + event + `",1]`)
		if got := v.ask(event, "1"); got["code"] != "bad_request" {
			t.Errorf("%q: %v", event, got)
		}
	}
	if n := h.tally.of("other ignored"); n != 10 {
		t.Errorf("counted %d, want 10", n)
	}
}

func TestLogNamesEventsThatNobodyHandlesOnceEach(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	h := serve(t, &memory{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	h.visit("u1", time.Hour).askEach("chat:join", "chat:join", "chat message", "see you later, at five", "eyJhbGciOi.eyJpZCI6MX0.abc", "")
	for range 2 * maxNamesLogged / maxNamesLoggedPerClient {
		var names []string
		for range 2 * maxNamesLoggedPerClient {
			names = append(names, "made-up-"+rand.Text()[:8])
		}
		h.visit("u2", time.Hour).askEach(names...)
		if n := strings.Count(log.String(), "made-up"); n == maxNamesLoggedPerClient {
			h.visit("u3", time.Hour).askEach("after:all")
		}
	}
	said := log.String()
	for _, name := range []string{"event=chat:join", `event="chat message"`, "event=after:all"} {
		if n := strings.Count(said, name); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	if n := strings.Count(said, "nothing handles"); n != maxNamesLogged {
		t.Errorf("%d lines, want %d", n, maxNamesLogged)
	}
	if strings.Contains(said, "see you") || strings.Contains(said, "eyJ") {
		t.Error("what is no event's name is in the log")
	}
}
