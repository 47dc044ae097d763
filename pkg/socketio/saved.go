package socketio

import (
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Recovered tells whether the socket has taken up the session of an earlier connection, with its id and its rooms.
func (s *Socket) Recovered() bool { return s.recovered }

// Began returns when the socket began its session, with Options.Recovery. It is zero where it has taken one up.
func (s *Socket) Began() time.Time {
	if s.origin == nil {
		return time.Time{}
	}
	return s.origin.began
}

// Session returns what Sessions are to keep for this socket's client. If the client has come back meanwhile, that is the session of the
// new socket. An empty SID means that there is nothing to keep, or no longer.
func (s *Socket) Session() SavedSession {
	r := s.namespace.recovery
	if r == nil || s.conn.v2 {
		return SavedSession{}
	}
	through := r.reached()
	s.mu.Lock()
	if !s.gone {
		defer s.mu.Unlock()
		return s.absence(through).saved()
	}
	s.mu.Unlock()
	if a := r.peek(sessionID{s.namespace.name, s.id}); a != nil {
		return a.saved()
	}
	if successor := s.namespace.sockets.get(s.id); successor != nil && successor != s {
		return successor.Session()
	}
	return SavedSession{}
}

// absence returns the socket's session. Through is what the delivery had reached before. Socket.mu is held.
func (s *Socket) absence(through Offset) *absence {
	a := &absence{through: through, SavedSession: SavedSession{
		Namespace: s.namespace.name, SID: s.id, User: s.origin.user, Since: s.origin.since, Left: slices.Clone(s.origin.left),
	}}
	for m := s.first; m != nil; m = m.after {
		a.Rooms = append(a.Rooms, SavedRoom{m.room.name, m.since})
		a.told = append(a.told, m.room.latest())
	}
	return a
}

// saved is the session without what only this server knows. Who has missed nothing in a room since it joined might as well have
// joined now.
func (a *absence) saved() SavedSession {
	saved := a.SavedSession
	saved.Rooms = slices.Clone(a.Rooms)
	for i := range a.told {
		if room := &saved.Rooms[i]; a.told[i] <= room.Since {
			room.Since = max(room.Since, a.through)
		}
	}
	return saved
}

// after returns up to where a client has all events of the session's room i. Offset is that of the last event that it has received.
func (a *absence) after(i int, offset Offset) Offset {
	after := max(offset, a.Rooms[i].Since)
	if a.told != nil && after >= a.told[i] {
		after = max(after, a.through)
	}
	return after
}

// Succeeded tells this server that another one has claimed a session from Sessions. Nothing of it is kept here from now on. It returns the
// socket that still has it here, or nil. The caller ends that one with Supersede.
func (ns *Namespace) Succeeded(sid string) *Socket {
	if ns.recovery == nil {
		return nil
	}
	s := ns.sockets.get(sid) // before peek: its connection may end at this moment, or before the caller ends it
	if s != nil {
		s.mu.Lock()
		s.succeeded = true
		s.mu.Unlock()
	}
	if a := ns.recovery.peek(sessionID{ns.name, sid}); a != nil {
		ns.recovery.take(a)
	}
	return s
}

// Supersede ends the socket and its connection: its session is another server's, and nothing of it is kept here.
func (s *Socket) Supersede() { s.yield(Superseded) }

// moved tells OnRooms and Sessions that the socket has entered a room or left it.
func (s *Socket) moved(room string) {
	if h := s.namespace.onRooms; h != nil && s.phase.Load() == connected {
		h(s, room)
	}
	s.changed()
}

// changed tells Sessions that the session is to be written anew.
func (s *Socket) changed() {
	r := s.namespace.recovery
	if r != nil && r.Sessions != nil && !s.conn.v2 && s.phase.Load() == connected {
		r.Sessions.Changed(s)
	}
}

// rest takes the socket out of its rooms, and keeps its session unless this was its end.
func (s *Socket) rest(reason engineio.Reason) {
	r, rooms := s.namespace.recovery, s.namespace.rooms
	if r == nil || s.conn.v2 {
		rooms.leaveAll(s)
		return
	}
	ended := reason == ClientDisconnect || reason == ServerDisconnect || reason == GivenUp || reason == engineio.ParseError
	through := r.reached()
	s.mu.Lock()
	if !ended && reason != Superseded && !s.succeeded {
		r.put(s.absence(through))
	}
	rooms.vacate(s)
	s.mu.Unlock()
	if ended && r.Sessions != nil {
		r.Sessions.Ended(s.namespace.name, s.id)
	}
}
