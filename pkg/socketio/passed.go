package socketio

import "slices"

// Passed notes that a kept event of another server was not told here, since nobody here is in its rooms. It is cheap, since the event
// need not be decoded. Kept events from now on must be later ones. Whoever comes back to one of the rooms is told the event from the Log.
//
// False means that somebody here is in one of the rooms, maybe since a moment ago: then nothing was noted, and the caller tells the event
// by Local. With force it is noted all the same, for a caller who can't tell it. Without rooms it is about all events up to that offset
// in all rooms: this server begins there.
func (ns *Namespace) Passed(o Offset, force bool, rooms ...string) bool {
	if ns.recovery == nil {
		return force || !ns.rooms.anybody(rooms)
	}
	return ns.recovery.pass(ns, o, force, rooms)
}

// pass takes the lock under which clients that come back enter their rooms. So such a client is either seen here, or told this event
// from the Log.
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

// lack notes that an event of a place is not here. Earlier ones are forgotten with it, since they can't be told again without it.
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
