//go:build !race

// The race detector allocates, so that this says nothing under it.

package socketio

import (
	"runtime"
	"testing"
)

// Not parallel: allocations are counted for the whole process.
func TestQueueingForARecipientAllocatesNothing(t *testing.T) {
	const members = 500
	ns, read := crowd(t, members)
	p, err := encodeEvent("/", "receive_message", nil, []any{"hello there"})
	if err != nil {
		t.Fatal(err)
	}
	frame := int64(len("__") + len(`42["receive_message","hello there"]`))
	want := int64(0)
	broadcast := func() {
		want += members * frame
		ns.rooms.broadcast(p, Target{Rooms: []string{"room"}})
		for read.Load() < want {
			runtime.Gosched()
		}
	}
	broadcast() // queues get their room
	if n := testing.AllocsPerRun(50, broadcast); n > members/50 {
		t.Errorf("%.0f allocations for %d recipients", n, members)
	}
}
