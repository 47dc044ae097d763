package order

import (
	"context"
	"slices"
	"time"
)

// catchUpTimeout is how long a client that is ahead of this gateway is kept waiting.
const catchUpTimeout = 2 * time.Second

// waiter is somebody who waits until this gateway has told all up to a position.
type waiter struct {
	position uint64
	done     chan bool // holds one
	reads    uint64    // that had begun when it came
}

// CatchUp waits until this gateway has told all messages up to a position, of which a client has heard on another. It reads the table
// at once. False means that there is no such position, or that it takes longer than 2 s or than ctx.
func (s *Sequencer) CatchUp(ctx context.Context, position uint64) bool {
	if position > positionOf(time.Now().Add(24*time.Hour)) { // the clock may be ahead of time
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	return s.await(ctx, position)
}

func (s *Sequencer) await(ctx context.Context, position uint64) bool {
	s.mu.Lock()
	if s.delivered >= position || !s.running {
		defer s.mu.Unlock()
		return s.delivered >= position
	}
	w := &waiter{position, make(chan bool, 1), s.look.reads}
	s.waiters = append(s.waiters, w)
	s.wakeReader()
	s.mu.Unlock()
	select {
	case told := <-w.done:
		return told
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters = slices.DeleteFunc(s.waiters, func(other *waiter) bool { return other == w })
	return s.delivered >= position
}

// asked is the latest position that somebody waits for, or 0. mu is held.
func (s *Sequencer) asked() (position uint64) {
	for _, w := range s.waiters {
		position = max(position, w.position)
	}
	return position
}

// progress lets those go on whose position was told. mu is held.
func (s *Sequencer) progress() {
	if len(s.waiters) > 0 {
		s.release(func(w *waiter) (told, over bool) { return true, w.position <= s.delivered })
	}
}

// answer lets those go on who wait for a position that is not committed, which a read says that has begun after they came. mu is held.
func (s *Sequencer) answer(through uint64) {
	s.release(func(w *waiter) (told, over bool) { return false, w.position > through && w.reads < s.look.reads })
}

func (s *Sequencer) release(f func(*waiter) (told, over bool)) {
	s.waiters = slices.DeleteFunc(s.waiters, func(w *waiter) bool {
		told, over := f(w)
		if over {
			w.done <- told
		}
		return over
	})
}
