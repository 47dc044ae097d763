package socketio

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// delivery tells kept events one at a time, those of all namespaces, so that the offsets that a client hears only grow.
type delivery struct {
	mu     lockorder.Mutex[delivery]
	ring   ring          // mu guards it and the next
	awaits map[place]int // how many callers of Namespace.Await wait for each place
	told   atomic.Uint64 // what reached returns; written while mu is held
}

// reached returns the offset of the latest kept event: that one and all before it have been queued for everybody whom they are for.
func (d *delivery) reached() Offset { return Offset(d.told.Load()) }

// perMillisecond is how many offsets that this server makes there are for each millisecond of time. Offsets that gateways give
// to messages have the same scale.
const perMillisecond = 36 * 36 * 36 * 36

// next makes an offset. mu is held.
func (d *delivery) next() Offset {
	return max(d.reached()+1, Offset(time.Now().UnixMilli()*perMillisecond))
}

// isOwn tells whether no Log can know all of an event, since it is for everybody in the namespace or for one socket.
func (ns *Namespace) isOwn(to Target) bool {
	isSocket := func(room string) bool { return len(room) == sidLength && ns.Private(room) }
	return len(to.Rooms) == 0 || slices.ContainsFunc(to.Rooms, isSocket)
}

// tell delivers an event and keeps it, and returns its offset. An event that comes behind a later one is delivered, but not kept: then
// the offset is zero.
func (d *delivery) tell(ns *Namespace, event string, draft *draft, to Target) (Offset, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if to.Offset == 0 {
		to.Offset = d.next()
	}
	tail := ""
	if to.Offset > d.reached() {
		tail, to.Volatile = offsetTail(to.Offset), false
	} else {
		to.Offset = 0
	}
	m, err := ns.finish(event, draft, tail)
	if err != nil {
		return 0, err
	}
	if to.Offset != 0 {
		d.ring.add(&entry{offset: to.Offset, namespace: ns.name, rooms: to.Rooms, except: to.Except, packets: m.packets, own: ns.isOwn(to)})
	}
	ns.rooms.tell(&m, to)
	if to.Offset != 0 {
		d.told.Store(uint64(to.Offset))
	}
	return to.Offset, nil
}
