package engineio

import (
	"runtime"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// wheelSlots is how many ticks the wheel looks ahead: more than a ping interval has.
const wheelSlots = 512

// wheel calls Session.beat when a session's time has come. It costs one goroutine for all and one word for each
// session, where a timer for each would cost more. A session has one entry at most, which Session.slot and Session.position
// name. It may come too early: then beat says when to look again. A session that has ended is taken out: those of a storm of
// logins that are refused would else be kept for a ping interval.
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
	w.drop(s)
	list := &w.slots[slot%wheelSlots]
	s.slot, s.position = slot, int32(len(*list))
	*list = append(*list, s)
}

// remove takes a session out that has ended.
func (w *wheel) remove(s *Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(s)
}

// drop takes a session out of its slot, if it is in one. mu is held.
func (w *wheel) drop(s *Session) {
	if s.slot == 0 {
		return
	}
	list := &w.slots[s.slot%wheelSlots]
	last := len(*list) - 1
	moved := (*list)[last]
	(*list)[s.position], moved.position = moved, s.position
	(*list)[last] = nil
	*list = (*list)[:last]
	s.slot = 0
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
		sessions, due := w.next(last)
		if !due {
			return
		}
		for _, s := range sessions {
			if at := s.beat(now); at != 0 {
				w.add(s, at)
			} else {
				runtime.Gosched() // whoever tells the receiver of it: thousands at a time would cost memory for good
			}
		}
	}
}

// next takes the sessions of the oldest slot that is due, if one is.
func (w *wheel) next(last int64) (sessions []*Session, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now > last {
		return nil, false
	}
	list := &w.slots[w.now%wheelSlots]
	sessions, *list = *list, nil
	for _, s := range sessions {
		s.slot = 0
	}
	w.now++
	return sessions, true
}
