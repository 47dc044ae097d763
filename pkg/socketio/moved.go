package socketio

// OnMove sets a handler for sockets that are taken into a room or out of it by Broadcast.Join or Leave, which the application may call, and
// a Cluster for what other servers say. The handler calls move once, which does it and tells whether the socket's rooms have changed. It may
// hold locks of its own meanwhile. It is called on any goroutine, for one connected socket after the other, and must not wait.
func (ns *Namespace) OnMove(h func(s *Socket, room string, joins bool, move func() bool)) {
	ns.onMove = h
}

// move takes a socket into a room, or out of it.
func (ns *Namespace) move(s *Socket, room string, joins bool) {
	move := func() bool {
		if joins {
			entered, _ := s.join(room) // it may be gone by now
			return entered
		}
		return s.Leave(room)
	}
	if ns.onMove == nil {
		move()
		return
	}
	ns.onMove(s, room, joins, move)
}
