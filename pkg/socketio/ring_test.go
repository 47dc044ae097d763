package socketio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// sayings are events of all shapes and sizes, of which the ring gets n.
func sayings(n int) (list []*entry) {
	for i := range n {
		e := &entry{offset: Offset(10 * (i + 1)), namespace: "/", packets: []*engineio.Packet{engineio.Message([]byte(fmt.Sprint("said ", i)))}}
		switch i % 5 {
		case 0:
			e.rooms = []string{"a"}
		case 1:
			e.rooms = []string{"a", "", "ünï"}
		case 2:
			e.rooms, e.except = []string{"b"}, []string{"a", ""}
			e.packets = append(e.packets, engineio.BinaryMessage([]byte{0, 1, 2}), engineio.BinaryMessage(nil))
		case 3:
			e.rooms = []string{strings.Repeat("long", i%500)}
			e.packets = []*engineio.Packet{engineio.Message(make([]byte, 40*(i%500)))}
		case 4:
			e.own = true
		}
		list = append(list, e)
	}
	return list
}

// Whatever has gone meanwhile, each place gives what was told there since, as it was; and its reach says what has gone.
func TestRingGivesBackWhatItWasTold(t *testing.T) {
	t.Parallel()
	r := &newRecovery(Recovery{Buffer: 80 << 10}, 0).ring
	told := sayings(2000)
	for i, e := range told {
		r.add(e)
		if i%97 != 0 {
			continue
		}
		oldest := r.headAt(r.tape.start).offset
		for _, p := range slices.AppendSeq(slices.Collect(told[max(0, i-1)].places), e.places) {
			var want []*entry
			for _, e := range told[:i+1] {
				if e.offset >= oldest && e.isFor(p) {
					want = append(want, e)
				}
			}
			if got := r.since(p, 0); !slices.EqualFunc(got, want, func(s slot, e *entry) bool { return isTheSame(r.read(s), e) }) {
				t.Fatalf("%+v after %d events: %d entries, want %d", p, i+1, len(got), len(want))
			}
			if reach := r.reach(p); reach >= oldest {
				t.Fatalf("%+v: reach %d, but %d is there", p, reach, oldest)
			}
		}
	}
	if r.bytes > r.most || r.bytes < r.most/2 || r.tape.end-r.tape.start > uint64(r.most) {
		t.Errorf("%d bytes, %d on the tape", r.bytes, r.tape.end-r.tape.start)
	}
	r.age = -1
	if r.trim(); r.events != 0 || r.bytes != 0 || len(r.tape.blocks) > 1 {
		t.Errorf("%d events and %d bytes are left, in %d blocks", r.events, r.bytes, len(r.tape.blocks))
	}
}

func isTheSame(a, b *entry) bool {
	frame := func(a, b *engineio.Packet) bool { return string(a.Frame()) == string(b.Frame()) }
	return a.offset == b.offset && slices.Equal(a.except, b.except) && slices.EqualFunc(a.packets, b.packets, frame)
}

// What a Log gave to one room is there once for all rooms that it is for, and again when it has gone meanwhile.
func TestRingTakesWhatALogGivesOnce(t *testing.T) {
	t.Parallel()
	r := &newRecovery(Recovery{Buffer: 1 << 20, Head: 100}, 0).ring
	read := &entry{offset: 50, namespace: "/", rooms: []string{"a", "b"}, packets: []*engineio.Packet{engineio.Message([]byte("said"))}}
	a, b := place{namespace: "/", room: "a"}, place{namespace: "/", room: "b"}
	backfill := func(events int) {
		t.Helper()
		for _, p := range []place{a, b} {
			r.backfill(p, 10, 100, []*entry{read})
			if found := r.since(p, 10); len(found) != 1 || !isTheSame(r.read(found[0]), read) || r.reach(p) != 10 {
				t.Fatalf("%v of %s, reach %d", found, p.room, r.reach(p))
			}
		}
		if r.events != events {
			t.Fatalf("%d events, want %d", r.events, events)
		}
	}
	backfill(1)
	r.evict(r.headAt(r.tape.start))
	backfill(1)
}
