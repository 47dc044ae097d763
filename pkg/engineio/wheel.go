package engineio

import (
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// wheelSlots is how many ticks the wheel looks ahead: more than a ping interval has.
const wheelSlots = 512

// wheel calls Session.beat when a session's time has come. It costs one goroutine for all and one word for each
// session, where a timer for each would cost more. Of a session's entries one counts, which Session.slot names: the
// wheel drops the others when it meets them. An entry may come too early: then beat says when to look again.
type wheel struct {
	tick    time.Duration
	start   time.Time
	stop    chan struct{} // closed by close
	stopped sync.Once
	running sync.WaitGroup // of run alone

	mu    lockorder.Mutex[wheel]
	now   int64 // slots before this one have been looked at
	slots [wheelSlots][]*Session
}

// newWheel starts a wheel that is at most a hundredth of the shortest time late, but ticks once a
// millisecond at most.
func newWheel(shortest time.Duration) *wheel {
	w := &wheel{tick: max(shortest/100, time.Millisecond), start: time.Now(), stop: make(chan struct{}), now: 1}
	w.running.Go(w.run)
	return w
}

// close ends the wheel's goroutine and waits for it. It may be called again.
func (w *wheel) close() {
	w.stopped.Do(func() { close(w.stop) })
	w.running.Wait()
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

func (w *wheel) run() {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	for {
		select {
		case <-w.stop:
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
