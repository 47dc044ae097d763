package socketio

import (
	"runtime"
	"testing"
)

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
	c.expectAlive()                  // its answer is behind all that was queued
	for !s.conn.session.Writable() { // the writer may need a moment to come to rest
		runtime.Gosched()
	}
	ns.Volatile().Emit("now")
	c.expect(`2["now"]`)
}

func TestLocalBroadcastsReachTheSocketsOfThisServer(t *testing.T) {
	t.Parallel()
	c, s := asker(t)
	s.Join("r")
	s.namespace.To("r").Local().Emit("here")
	c.expect(`2["here"]`)
}
