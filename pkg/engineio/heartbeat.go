package engineio

import "time"

// pulse is what the wheel needs of a session. Session.mu guards it.
// Times are on the clock of the wheel.
type pulse struct {
	due         time.Duration // of the next ping, or of the pong that is awaited
	closeAt     time.Duration // zero: never
	closeReason Reason
	awaiting    bool  // a ping is out
	extended    bool  // traffic has restarted the wait for this pong once
	position    int32 // in its slot of the wheel; wheel.mu guards it
	slot        int64 // 0: in none; wheel.mu guards it
}

var pingPacket = newPacket(finText, []byte{typePing})

// startHeart begins the heartbeat: the first ping comes one interval after the open packet.
func (s *Session) startHeart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = s.server.wheel.clock() + s.server.options.PingInterval
	s.server.wheel.add(s, s.due)
}

// CloseAt closes the session with reason when t has come, up to a hundredth of the ping times
// late. A later call replaces an earlier one; the zero time takes it back. There is one such time
// per session, for the layer above.
func (s *Session) CloseAt(t time.Time, reason Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeAt, s.closeReason = 0, reason
	if t.IsZero() || s.state != open {
		return
	}
	s.closeAt = max(t.Sub(s.server.wheel.start), 1)
	s.server.wheel.add(s, s.closeAt)
}

// beat does what is due and returns when to look again; zero means never.
func (s *Session) beat(now time.Duration) time.Duration {
	s.mu.Lock()
	if s.state != open {
		by := s.carrier.endBy()
		s.mu.Unlock()
		if by != 0 && now >= by {
			s.end(TransportClose)
			return 0
		}
		return by
	}
	if reason := s.overdue(now); reason != "" {
		s.mu.Unlock()
		s.Close(reason)
		return 0
	}
	ping := now >= s.due
	if ping {
		s.awaiting, s.extended = true, false
		// From when it was due, not from when the wheel came by; but not from long ago, when the
		// process stood still.
		s.due = max(s.due, now-2*s.server.wheel.tick) + s.server.options.PingTimeout
	}
	next := earliest(s.due, s.closeAt, s.carrier.upgradeBy())
	s.mu.Unlock()
	if ping {
		s.Send(pingPacket)
	}
	return next
}

// expire closes a session whose time is over before the wheel comes by.
func (s *Session) expire() {
	s.mu.Lock()
	reason := s.overdue(s.server.wheel.clock())
	s.mu.Unlock()
	if reason != "" {
		s.Close(reason)
	}
}

// overdue is why the session has to be closed now, if it has. mu is held.
func (s *Session) overdue(now time.Duration) Reason {
	upgradeBy := s.carrier.upgradeBy()
	switch {
	case s.closeAt != 0 && now >= s.closeAt:
		return s.closeReason
	case upgradeBy != 0 && now >= upgradeBy:
		return NotUpgraded
	case s.awaiting && now >= s.due:
		return PingTimeout
	}
	return ""
}

// earliest returns the first of some times; zero is none.
func earliest(times ...time.Duration) (first time.Duration) {
	for _, t := range times {
		if first == 0 || t != 0 && t < first {
			first = t
		}
	}
	return first
}

// heard takes the sign of life in a packet. Only a pong satisfies the heartbeat; other traffic
// gives it one more PingTimeout, once per ping, as the official server does since 6.6.10.
func (s *Session) heard(pong bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.awaiting:
	case pong:
		s.awaiting = false
		s.due = s.server.wheel.clock() + s.server.options.PingInterval
		s.server.wheel.add(s, s.due) // earlier than the pong was due, when the interval is the shorter
	case !s.extended:
		s.extended = true
		s.due = s.server.wheel.clock() + s.server.options.PingTimeout
	}
}
