package engineio

import (
	"net/netip"
	"time"
)

// leastSilence is how long a session is silent at least before it gives way. A client on a slow network has that time for its first word,
// and who asks for sessions as fast as possible has most of them refused, which costs less than making them.
const leastSilence = 250 * time.Millisecond

// strangers are the sessions with a pending place that are not saying anything. Server.mu guards them.
type strangers struct {
	elders[Session]
	least time.Duration
}

// makeRoom ends the session of an address that has been silent for longest, for a new client of that address. Official clients say who
// they are within moments, and are let in before they are the eldest. A session whose message is being handled keeps its place. False
// means that none gives way.
func (s *Server) makeRoom(addr netip.Addr) bool {
	s.mu.Lock()
	session := s.strangers.eldest(networkOf(addr))
	if session != nil && s.wheel.clock()-session.silent < s.strangers.least {
		session = nil
	}
	if session != nil {
		s.strangers.leave(&session.seat, session.place.network)
	}
	s.mu.Unlock()
	if session != nil {
		session.end(GaveWay)
	}
	return session != nil
}

// awaits counts a session among the strangers, as the youngest. mu is held.
func (s *Server) awaits(session *Session) {
	session.silent = s.wheel.clock()
	s.strangers.enter(&session.seat, session, session.place.network)
}

// speaks takes a session from among the strangers for as long as what it says is being heard: a database may have to be asked.
func (s *Server) speaks(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strangers.leave(&session.seat, session.place.network)
}

// heard puts it back among the strangers, unless it has been let in or has ended meanwhile.
func (s *Server) heard(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session.stranger && s.sessions[session.id] == session {
		s.awaits(session)
	}
}

// knows takes a session from among the strangers for good.
func (s *Server) knows(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.stranger = false
	s.strangers.leave(&session.seat, session.place.network)
}
