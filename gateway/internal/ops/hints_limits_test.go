package ops

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestEachLimitIsNamedOnceWithTheVariableThatMendsIt(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
	for range 100 {
		h.Limited("events", "user")
		h.ListDelayed("total")
		h.LookupRefused("session", "full")
	}
	for _, variable := range []string{"USER_RATE_LIMIT", "MEMBERS_RATE", "SESSION_QUERY"} {
		if n := strings.Count(log.String(), variable); n != 1 {
			t.Errorf("%s is named %d times: %s", variable, n, log.String())
		}
	}
}
