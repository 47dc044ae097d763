package socketio

import "slices"

// Passed notes that a kept event of another server went by that nobody here is to hear: kept events that come now are later. Who comes
// back to one of its rooms is told it from the Log. It is cheap, since the event need not be decoded.
//
// False means that somebody here is in one of the rooms by now, be it since a moment ago: then nothing is noted, and the event is to be
// told by Local, unless force says that nobody can. Without rooms it is about all events up to that offset, of all rooms: this
// server begins there.
func (ns *Namespace) Passed(o Offset, force bool, rooms ...string) bool {
	if ns.recovery == nil {
		return force || !ns.rooms.anybody(rooms)
	}
	return ns.recovery.pass(ns, o, force, rooms)
}

// pass does it under the lock under which those enter their rooms who come back: they are told what went by before, and hear what
// comes after.
func (d *delivery) pass(ns *Namespace, o Offset, force bool, rooms []string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !force && (ns.rooms.anybody(rooms) || d.isAwaited(ns, rooms)):
		return false
	case o <= d.reached(): // it was told by Local
		return true
	case len(rooms) == 0:
		d.ring.beginAt(o)
	}
	for _, room := range rooms {
		d.ring.lack(place{namespace: ns.name, room: room}, o)
	}
	d.told.Store(uint64(o))
	return true
}

// isAwaited tells whether somebody is about to join one of the rooms. mu is held.
func (d *delivery) isAwaited(ns *Namespace, rooms []string) bool {
	return len(d.awaits) > 0 && slices.ContainsFunc(rooms, func(room string) bool { return d.awaits[place{namespace: ns.name, room: room}] > 0 })
}

// anybody tells whether somebody is in one of the rooms.
func (rs *rooms) anybody(names []string) bool { return slices.ContainsFunc(names, rs.occupied) }

// lack notes that an event of a place is not here. What is here of earlier ones can't be told without it.
func (r *ring) lack(p place, o Offset) {
	s := r.shelf(p)
	if n := len(s.slots); n > 0 {
		s.evicted = max(s.evicted, s.slots[n-1].offset)
	}
	s.slots, s.base = nil, o
	if len(r.shelves) >= r.sweepAt {
		r.forget()
	}
}

// beginAt notes that no event up to o is here.
func (r *ring) beginAt(o Offset) {
	r.floor = max(r.floor, o)
	for p := range r.shelves {
		r.lack(p, o)
	}
}
