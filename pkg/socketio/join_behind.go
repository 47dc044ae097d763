package socketio

import "slices"

// Told is the offset of the latest kept event that was told, of all namespaces of the server. Without Options.Recovery it is 0.
func (ns *Namespace) Told() Offset {
	if ns.recovery == nil {
		return 0
	}
	return ns.recovery.reached()
}

// Await has this server keep what is told in a room from now on, even if nobody here is in it and another server tells it. It is for
// whoever looks up what was said in the room up to Told, and then calls JoinBehind. Forget ends it, and is to be called once.
func (ns *Namespace) Await(room string) (forget func()) {
	if ns.recovery == nil {
		return func() {}
	}
	return ns.recovery.await(place{namespace: ns.name, room: room})
}

func (d *delivery) await(p place) (forget func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.awaits == nil {
		d.awaits = make(map[place]int)
	}
	d.awaits[p]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.awaits[p]--; d.awaits[p] == 0 {
			delete(d.awaits, p)
		}
	}
}

// JoinBehind is Join for a client that first gets a history of the room. The event is that history, of everything up to an offset that
// Namespace.Told has returned. What was told in the room since is sent behind it, and then what is told from now on, so that nothing is lost
// or doubled in between. False means that the server does not know any more what was told since, or has no Options.Recovery: then nothing
// was done, and the caller may look up a newer history, or Join. A socket that is in the room already is sent nothing.
func (s *Socket) JoinBehind(room string, o Offset, event string, args ...any) (bool, error) {
	if room == s.id || s.namespace.Private(room) {
		return false, ErrPrivateRoom
	}
	r := s.namespace.recovery
	if r == nil {
		return false, nil
	}
	m, err := s.namespace.encode(event, args)
	if err != nil {
		return false, err
	}
	entered, known, err := r.joinBehind(s, room, o, &m)
	if entered {
		s.moved(room)
	}
	return known, err
}

// joinBehind does it under the delivery's lock: no kept event is told meanwhile.
func (r *recovery) joinBehind(s *Socket, room string, o Offset, m *message) (entered, known bool, err error) {
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	p := place{namespace: s.namespace.name, room: room}
	if r.ring.reach(p) > o {
		return false, false, nil
	}
	if s.In(room) {
		return false, true, nil
	}
	packets := slices.Clone(m.packetsFor(s))
	for _, slot := range r.ring.since(p, o) {
		if e := r.ring.read(slot); !s.isAmong(e.except) {
			kept := message{packets: e.packets, tail: len(offsetTail(e.offset))}
			packets = append(packets, kept.late(s)...)
		}
	}
	if err := s.send(packets...); err != nil {
		return false, false, err
	}
	entered, err = s.namespace.rooms.join(s, room)
	return entered, true, err
}

// isAmong tells whether a socket is in one of the rooms, or its id is one.
func (s *Socket) isAmong(rooms []string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool { return room == s.id || s.In(room) })
}
