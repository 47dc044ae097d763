package socketio

import "testing"

func TestVolatileEventsAreMissedByWhoCannotTakeThemAtOnce(t *testing.T) {
	t.Parallel()
	c, s := asker(t)
	ns := s.namespace
	// Nobody reads yet: the first event is being written, and what comes behind it would have to wait.
	s.Emit("first")
	if err := s.EmitVolatile("lost"); err != nil {
		t.Errorf("emit: %v", err)
	}
	if err := ns.To(s.ID()).Volatile().Emit("lost too"); err != nil {
		t.Errorf("broadcast: %v", err)
	}
	s.Emit("last")
	c.expect(`2["first"]`)
	c.expect(`2["last"]`)
	c.expectAlive() // its answer is behind all that was queued
	for range 100 { // the writer may need a moment to come to rest
		ns.Volatile().Emit("now")
		s.Emit("mark")
		if c.hear() == `2["now"]` {
			c.expect(`2["mark"]`)
			return
		}
	}
	t.Error("a client that waits for packets got none of 100 volatile events")
}

func TestLocalBroadcastsReachTheSocketsOfThisServer(t *testing.T) {
	t.Parallel()
	c, s := asker(t)
	s.Join("r")
	s.namespace.To("r").Local().Emit("here")
	c.expect(`2["here"]`)
}
