package socketio

// membership is one socket in one room: all that a joined room costs a socket. Its position in the
// room lets it leave a large room without a search.
type membership struct {
	socket   *Socket
	room     *room
	position int
	since    Offset // the latest kept event that was told in the room before the socket joined

	before, after *membership // of the same socket, in the order of joining
}

// memberships are the rooms of a socket. Socket.mu guards them.
type memberships struct {
	first, last *membership
	count       int
	index       map[string]*membership // by room, once there are many; see searched
}

// searched is how many memberships of a socket are searched one by one. Hardly any has more; one
// that has gets an index, so that joining thousands of rooms does not take the square of it.
const searched = 32

func (s *memberships) enter(m *membership) {
	if m.before = s.last; m.before != nil {
		m.before.after = m
	} else {
		s.first = m
	}
	s.last = m
	s.count++
	switch {
	case s.index != nil:
		s.index[m.room.name] = m
	case s.count > searched:
		s.index = make(map[string]*membership, 2*searched)
		for m := s.first; m != nil; m = m.after {
			s.index[m.room.name] = m
		}
	}
}

func (s *memberships) exit(m *membership) {
	if m.before != nil {
		m.before.after = m.after
	} else {
		s.first = m.after
	}
	if m.after != nil {
		m.after.before = m.before
	} else {
		s.last = m.before
	}
	s.count--
	delete(s.index, m.room.name)
}

func (s *memberships) membership(name string) *membership {
	if s.index != nil {
		return s.index[name]
	}
	for m := s.first; m != nil; m = m.after {
		if m.room.name == name {
			return m
		}
	}
	return nil
}
