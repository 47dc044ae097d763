package engineio

import (
	"sync"
	"time"
)

// pulse is what the wheel needs of a session. Session.mu guards it.
// Times are on the clock of the wheel.
type pulse struct {
	due         time.Duration // of the next ping, or of the pong that is awaited
	closeAt     time.Duration // zero: never
	upgradeBy   time.Duration // zero: never
	closeReason Reason
	awaiting    bool  // a ping is out
	extended    bool  // traffic has restarted the wait for this pong once
	slot        int64 // the one wheel slot whose entry counts, 0 for none; wheel.mu guards it
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
		s.mu.Unlock()
		return 0
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
	next := earliest(s.due, s.closeAt, s.upgradeBy)
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
	switch {
	case s.closeAt != 0 && now >= s.closeAt:
		return s.closeReason
	case s.upgradeBy != 0 && now >= s.upgradeBy:
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

// wheelSlots is how many ticks the wheel looks ahead: more than a ping interval has.
const wheelSlots = 512

// wheel looks at sessions when their time has come: one goroutine and one word a session, in the
// place of a timer each. A session has one entry that counts; when it was superseded or comes too
// early, looking at it costs nothing but the look.
type wheel struct {
	tick  time.Duration
	start time.Time

	mu    sync.Mutex
	now   int64 // slots before this one have been looked at
	slots [wheelSlots][]*Session
}

func newWheel(shortest time.Duration) *wheel {
	return &wheel{tick: max(shortest/100, time.Millisecond), start: time.Now(), now: 1}
}

func (w *wheel) clock() time.Duration { return time.Since(w.start) }

// add has the session looked at when t has come, at most one tick later. An entry that it already
// has for an earlier time stays the one that counts: it will find the later time by itself.
func (w *wheel) add(s *Session, t time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slot := int64((t + w.tick - 1) / w.tick)
	slot = min(max(slot, w.now), w.now+wheelSlots-1)
	if s.slot != 0 && s.slot <= slot {
		return
	}
	s.slot = slot
	w.slots[slot%wheelSlots] = append(w.slots[slot%wheelSlots], s)
}

func (w *wheel) run(stop <-chan struct{}) {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			w.turn(w.clock())
		}
	}
}

// turn looks at every session in the slots up to now.
func (w *wheel) turn(now time.Duration) {
	last := int64(now / w.tick)
	for {
		sessions, slot := w.next(last)
		if slot < 0 {
			return
		}
		for _, s := range sessions {
			if at := w.look(s, slot, now); at != 0 {
				w.add(s, at)
			}
		}
	}
}

// next takes the oldest slot that is due, or -1.
func (w *wheel) next(last int64) ([]*Session, int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now > last {
		return nil, -1
	}
	slot := w.now
	w.now++
	sessions := w.slots[slot%wheelSlots]
	w.slots[slot%wheelSlots] = nil
	return sessions, slot
}

func (w *wheel) look(s *Session, slot int64, now time.Duration) time.Duration {
	w.mu.Lock()
	current := s.slot == slot
	if current {
		s.slot = 0
	}
	w.mu.Unlock()
	if !current {
		return 0
	}
	return s.beat(now)
}
