package socketio

// A client whose session is given up comes back with its pid, maybe to another server. That one may still find the session as it was saved
// before, since a session is given up just when it can't be saved. So the client itself brings the news: in the place of an offset it is
// sent a mark, which it shows when it comes back.
const (
	givenUpEvent = "session_given_up"
	givenUpMark  = "-" // before the session's id, since clients keep an offset for longer than the session
)

// giveUp sends the client the mark, and nothing after that. The delivery's lock is held meanwhile: a kept event that came behind
// would bring an offset again.
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
