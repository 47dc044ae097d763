//go:build !race

// The race detector allocates, so that this says nothing under it.

package socketio

import (
	"runtime"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
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
		ns.rooms.tell(&message{packets: p}, Target{Rooms: []string{"room"}})
		for read.Load() < want {
			runtime.Gosched()
		}
	}
	broadcast() // queues get their room
	if n := testing.AllocsPerRun(50, broadcast); n > members/50 {
		t.Errorf("%.0f allocations for %d recipients", n, members)
	}
}

// Not parallel, as above. A room's slots get more room now and then.
func TestKeepingAnEventAllocatesNothing(t *testing.T) {
	r := &newRecovery(Recovery{Buffer: 1 << 20}, 0).ring
	e := &entry{namespace: "/", rooms: []string{"room"}, packets: []*engineio.Packet{engineio.Message(make([]byte, 300))}}
	keep := func() { e.offset++; r.add(e) }
	for r.floor == 0 {
		keep()
	}
	if n := testing.AllocsPerRun(10_000, keep); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}
