package socketio

import (
	"slices"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// room is the members of one room, close together. Its lock gives all of them one order of packets.
type room struct {
	name    string
	mu      lockorder.Mutex[room]
	members []*membership // nil once the last has left: another room takes the place of this one
	last    Offset        // of the latest kept event here, or a later one that was told elsewhere
}

// add makes a socket a member. mu is held.
func (r *room) add(s *Socket) *membership {
	m := &membership{socket: s, room: r, position: len(r.members), since: r.last}
	r.members = append(r.members, m)
	return m
}

// remove puts the last member into the place of the one that leaves. It reports whether the room is
// over now. mu is held.
func (r *room) remove(m *membership) (empty bool) {
	end := len(r.members) - 1
	last := r.members[end]
	r.members[m.position] = last
	last.position = m.position
	r.members[end] = nil
	r.members = r.members[:end]
	switch {
	case end == 0:
		r.members = nil
		return true
	case cap(r.members) > 64 && end < cap(r.members)/4:
		r.members = slices.Clone(r.members)
	}
	return false
}

// latest returns last.
func (r *room) latest() Offset {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// each calls f for every member, under the room's lock, for the kept event of this offset or, at 0, for anything else.
func (r *room) each(o Offset, f func(*Socket)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o != 0 {
		r.last = o
	}
	for _, m := range r.members {
		f(m.socket)
	}
}
