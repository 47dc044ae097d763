package ops

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
)

func TestReadinessTellsWhatIsWrongAndWhatIsOdd(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		store      error
		neighbours int
		drained    bool
	}{
		"200 ready\n": {},
		"200 ready, but another gateway is on this database: rooms are split between them\n": {neighbours: 1},
		"503 message store unavailable\n": {store: errors.New("at db.internal"), neighbours: 1},
		"503 shutting down\n":             {drained: true},
	} {
		h := &Health{Store: func(context.Context) error { return c.store }, Neighbours: func() int { return c.neighbours }}
		if c.drained {
			h.Drain()
		}
		w := httptest.NewRecorder()
		h.ServeReadyz(w, httptest.NewRequest("GET", ReadyzPath, nil))
		if got := w.Result().Status[:4] + w.Body.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReadinessTellsOfTheApp(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		alone, serves bool
		fault         string
	}{
		"200 ready\n":                   {alone: true},
		"200 ready, but no app\n":       {alone: true, serves: true, fault: "no app"},
		"503 no app\n":                  {alone: true, fault: "no app"},
		"200 ready, but none for now\n": {fault: "none for now"}, // what the gateway handles itself goes on
	} {
		h := &Health{App: func() (string, bool) { return c.fault, c.serves }}
		if !c.alone {
			h.Store = func(context.Context) error { return nil }
		}
		w := httptest.NewRecorder()
		h.ServeReadyz(w, httptest.NewRequest("GET", ReadyzPath, nil))
		if got := w.Result().Status[:4] + w.Body.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
