package socketio

// maxLeft is how many of the rooms that it has left a session remembers: the latest, of which something may still be on its way.
const maxLeft = 8

// parts remembers a room that the socket leaves, if something was told there meanwhile: the client may never receive that, and only the
// offset that it comes back with will say. Last is that of the latest kept event in the room. Socket.mu is held.
func (s *Socket) parts(m *membership, last Offset) {
	if s.origin == nil || last <= m.since {
		return
	}
	all := append(s.origin.left, LeftRoom{m.room.name, m.since, last})
	s.origin.left = all[max(0, len(all)-maxLeft):]
}

// lacks returns the rooms that the client has left and in which it has not received everything that was told before it left. Offset is
// that of the last event that it has received.
func (a *absence) lacks(offset Offset) (list []want) {
	for _, room := range a.Left {
		if after := max(offset, room.Since); after < room.Until {
			list = append(list, want{SavedRoom{room.Name, room.Since}, after, after, room.Until})
		}
	}
	return list
}

// covers tells whether an event of the room was told before the client left it, if it has left.
func (w *want) covers(o Offset) bool { return w.until == 0 || o <= w.until }
