package socketio

// maxLeft bounds the rooms that a session remembers to have left. The latest are the ones of which something may be on its way.
const maxLeft = 8

// parts notes a room that the socket leaves, in which something was told while it was there. Whether the client has got that, only the
// offset tells with which it comes back. Socket.mu is held.
func (s *Socket) parts(m *membership, last Offset) {
	if s.origin == nil || last <= m.since {
		return
	}
	all := append(s.origin.left, LeftRoom{m.room.name, m.since, last})
	s.origin.left = all[max(0, len(all)-maxLeft):]
}

// lacks returns the rooms left of which a client has not had all.
func (a *absence) lacks(offset Offset) (list []want) {
	for _, room := range a.Left {
		if after := max(offset, room.Since); after < room.Until {
			list = append(list, want{SavedRoom{room.Name, room.Since}, after, after, room.Until})
		}
	}
	return list
}

// covers tells whether an event of the room is for the client, as far as its end there goes.
func (w *want) covers(o Offset) bool { return w.until == 0 || o <= w.until }
