package order

import (
	"fmt"
	"time"
)

// patience is how long something that is known of may be missing before others are told.
const (
	patience = 100 * time.Millisecond
	stalled  = 5 * time.Second
)

// missing is what has been known of for a while, but can't be told yet.
type missing struct {
	since   time.Time // zero: nothing is missing
	through uint64    // of a tail: the latest position that was known of then; 0 for a hole
}

// suspect notes since when something is missing: since the first message was heard that has a hole before it or, where none waits, since
// something later is known of. mu is held. Now is called only if something is.
func (s *Sequencer) suspect(now func() time.Time) {
	known, reach, first := s.known.Load(), s.reach(), s.waiting.first()
	switch {
	case known <= reach:
		s.missing = missing{}
		return
	case first != nil:
		if first.at.IsZero() {
			first.at = now()
		}
		s.missing = missing{since: first.at}
	case s.missing.through <= reach:
		s.missing = missing{now(), known}
	}
	s.wakeBy(later(s.missing.since.Add(patience), s.look.not))
}

// wakeBy has the reader look at that time at the latest. mu is held.
func (s *Sequencer) wakeBy(t time.Time) {
	if t.Before(s.look.next) {
		s.look.next = t
		s.wakeReader()
	}
}

func (s *Sequencer) wakeReader() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Waiting returns how many messages wait for their turn.
func (s *Sequencer) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting.list)
}

// Lag returns for how long messages have been missing that are known of. It is far below a second unless the table can't be read.
func (s *Sequencer) Lag() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lag(time.Now())
}

func (s *Sequencer) lag(now time.Time) time.Duration {
	if s.missing.since.IsZero() {
		return 0
	}
	return now.Sub(s.missing.since)
}

// Ready returns an error when messages have been missing for 5 s, or the table could not be read for as long: clients are better off with
// another gateway. It is nil again as soon as that has ended.
func (s *Sequencer) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if lag := s.lag(now); lag > stalled {
		return fmt.Errorf("messages of the cluster have been missing for %s: %w", lag.Round(time.Second), s.look.reason())
	}
	if since := s.look.failing; !since.IsZero() && now.Sub(since) > stalled {
		return fmt.Errorf("the order of messages could not be read for %s: %w", now.Sub(since).Round(time.Second), s.look.reason())
	}
	return nil
}
