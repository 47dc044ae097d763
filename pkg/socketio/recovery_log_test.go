package socketio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// table is a Log of events that are numbered by their offsets.
type table struct {
	events []tableEvent
	err    error
	asked  []string
}

type tableEvent struct {
	offset Offset
	rooms  []string
}

func (l *table) Missed(_ context.Context, _ *Namespace, gaps []Gap, through Offset, limit int) (kept []*Kept, err error) {
	l.asked = append(l.asked, fmt.Sprint(gaps, " through ", through))
	for _, e := range l.events {
		if slices.ContainsFunc(gaps, func(g Gap) bool { return e.offset > g.After && slices.Contains(e.rooms, g.Room) }) && e.offset <= through {
			kept = append(kept, NewKept(e.offset, e.rooms, "said", e.offset))
		}
	}
	return kept, l.err
}

func (l *table) expectAsked(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.asked, want) {
		t.Errorf("asked %q, want %q", l.asked, want)
	}
	l.asked = nil
}

func (m *memory) late(late *returning) *returning { return m.arrive("/", late).expectBack(late) }

func TestSessionOfAnotherServerIsTakenUpWithWhatTheLogHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &table{events: []tableEvent{
			{4, []string{"r"}}, {6, []string{"r", "q"}}, {7, []string{"other"}}, {8, []string{"q"}}, {9, []string{"r"}}}}
		m, observer, sessions, late := serveLate(t, Recovery{Log: log}, "r", "q")
		ns := m.server.Of("/")
		ns.To("q").Kept(20).Emit("said", 20) // since the restart
		a := m.late(late)
		a.expectNext(`2["said",6]`, `2["said",8]`, `2["said",9]`, `2["said",20]`)
		ns.To("r", "q").Kept(21).Emit("said", 21)
		a.expectNext(`2["said",21]`)
		a.expectAlive()
		observer.expect(t, "log 4")
		log.expectAsked(t, "[{r 5} {q 5}] through 20")
		if saved, _ := sessions.Claim(t.Context(), "/", lateSID); saved != nil {
			t.Error("it can be claimed twice")
		}
		m.drop(a)
		a.offset = "5"
		m.late(a).expectNext(`2["said",6]`, `2["said",8]`, `2["said",9]`, `2["said",20]`, `2["said",21]`)
		log.expectAsked(t) // it was read for all who come
	})
}

func TestLogThatFailsOrHasTooMuchHasTheClientStartAnew(t *testing.T) {
	t.Parallel()
	many := make([]tableEvent, 11)
	for i := range many {
		many[i] = tableEvent{Offset(6 + i), []string{"r"}}
	}
	for name, test := range map[string]struct {
		log    Log
		head   Offset
		reason string
	}{
		"error":          {&table{err: errors.New("down")}, 9, NotRecoveredLog},
		"too much":       {&table{err: ErrTooMuch}, 9, NotRecoveredLimit},
		"over the limit": {&table{events: many}, 9, NotRecoveredLimit},
		"no log":         {nil, 9, NotRecoveredLog},
		"no JSON":        {brokenLog{}, 9, NotRecoveredLog},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, observer, sessions, late := serveLate(t, Recovery{Log: test.log, Limit: 3}, "r")
				a := m.arrive("/", late).expectNew(late)
				a.expectAlive()
				observer.expect(t, test.reason)
				if ended := sessions.takeEnded(); !slices.Equal(ended, []string{"/ " + lateSID}) {
					t.Errorf("ended %q", ended)
				}
			})
		})
	}
}

type brokenLog struct{}

func (brokenLog) Missed(context.Context, *Namespace, []Gap, Offset, int) ([]*Kept, error) {
	return []*Kept{NewKept(7, []string{"r"}, "said", func() {})}, nil
}

// A Log may give more than it was asked for: what it read for others.
func TestWhatTheLogGivesBesideTheGapsIsLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _, _, late := serveLate(t, Recovery{Log: generous{}}, "r")
		a := m.late(late)
		a.expectNext(`2["said",7]`)
		a.expectAlive()
	})
}

type generous struct{}

func (generous) Missed(context.Context, *Namespace, []Gap, Offset, int) ([]*Kept, error) {
	at := func(o Offset, room string) *Kept { return NewKept(o, []string{room}, "said", o) }
	return []*Kept{at(5, "r"), at(6, "q"), at(7, "r"), at(7, "r"), at(10, "r")}, nil
}

// The memory is too small for what the Log gives: the client gets it all the same, and nothing is read for ever.
func TestLogServesWhoMissedMoreThanTheMemoryHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &table{events: []tableEvent{{6, []string{"r"}}, {7, []string{"r"}}, {8, []string{"q"}}}}
		m, observer, _, late := serveLate(t, Recovery{Log: log, Buffer: 1}, "r", "q")
		a := m.late(late)
		a.expectNext(`2["said",6]`, `2["said",7]`, `2["said",8]`)
		a.expectAlive()
		observer.expect(t, "log 3")
		if state := m.server.Recovery(); state.Events != 0 || state.Bytes != 0 {
			t.Errorf("state %+v", state)
		}
	})
}

// full has the memory forget what it had.
func full(ns *Namespace) {
	for range 100 {
		ns.To("busy").Kept(0).Emit("said", string(make([]byte, 1000)))
	}
}

func TestMemoryThatIsTooShortIsAnHonestNo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{Buffer: 20 << 10})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 1)
		full(ns)
		m.arrive("/", a).expectNew(a).expectAlive()
		observer.expect(t, "log")
		if state := m.server.Recovery(); state.Bytes > 20<<10 || state.Events < 3 {
			t.Errorf("state %+v", state)
		}
	})
}

// A room where nothing was told needs no memory, also when its only member is away, and however long ago the last event was.
func TestQuietRoomsNeedNoMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{Buffer: 20 << 10})
		ns := m.server.Of("/")
		a, b := m.arrive("/", nil), m.arrive("/", nil)
		a.enters("quiet")
		b.enters("r", "quiet too")
		ns.To("r").Kept(0).Emit("said", 1)
		b.expectNext(`2["said",1]`)
		full(ns)
		m.drop(a)
		m.drop(b)
		ns.To("r").Kept(0).Emit("said", 2)
		m.arrive("/", a).expectBack(a).expectAlive()
		b2 := m.arrive("/", b).expectBack(b)
		b2.expectNext(`2["said",2]`)
		b2.expectAlive()
		observer.expect(t, "none 0", "memory 1")
	})
}

func TestWhoMissedMoreThanTheLimitStartsAnew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events, bytes int
		back          bool
	}{
		"at the limit":                {1000, 10, true},
		"far over the limit":          {20_000, 10, false},
		"over the limit":              {1001, 10, false},
		"half of the queue":           {7, 64 << 10, true},
		"more than half of the queue": {8, 64 << 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, observer := serveRecovery(t, Recovery{})
				ns := m.server.Of("/")
				a := m.arrive("/", nil)
				a.enters("r")
				m.drop(a)
				for range test.events {
					ns.To("r").Kept(0).Emit("said", make([]bool, test.bytes/6))
				}
				b := m.arrive("/", a)
				if !test.back {
					b.expectNew(a).expectAlive()
					observer.expect(t, "limit")
					return
				}
				b.expectBack(a)
				for range test.events {
					b.next()
				}
				b.expectAlive()
			})
		})
	}
}
