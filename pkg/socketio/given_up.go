package socketio

// A client whose session is given up comes back with its pid, maybe to another server, which finds the session as it was saved once: the
// end of it may be what can't be saved. So the last offset that the client is told says that it is over.
const (
	givenUpEvent = "session_given_up"
	givenUpMark  = "-" // the id of the session follows; clients keep an offset beyond the session, so it must say which one
)

// giveUp tells the client, as the last that it hears. The delivery's lock is held meanwhile, or a kept event behind it could bring
// an offset again.
func (s *Socket) giveUp() {
	r := s.namespace.recovery
	if r == nil || s.conn.v2 {
		return
	}
	d, err := newEventDraft(s.namespace.name, givenUpEvent, nil, nil)
	if err != nil {
		return
	}
	defer d.free()
	packets, err := d.eventPackets(givenUpEvent, `,"`+givenUpMark+s.id+`"`)
	if err != nil {
		return
	}
	r.delivery.mu.Lock()
	defer r.delivery.mu.Unlock()
	if s.phase.CompareAndSwap(connected, out) {
		s.conn.session.Send(packets...)
	}
}
