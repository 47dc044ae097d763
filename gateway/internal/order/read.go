package order

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

const (
	clockTimeout = time.Second
	readTimeout  = 2 * time.Second
	tick         = 250 * time.Millisecond // how often the reader looks, and reads while others can't be heard
	idleClock    = 500 * time.Millisecond // how often the clock is read while nothing comes
	pause        = 250 * time.Millisecond // after a read that failed or did not help
	readLimit    = 500                    // rows of one read
)

// look is what the reader knows from one look to the next. Sequencer.mu guards it.
type look struct {
	next    time.Time // when the reader looks again
	last    time.Time // when the clock was read last, alone or with rows
	not     time.Time // before then nothing is read
	reads   uint64    // how many have begun
	failing time.Time // since when nothing could be read; zero: the last read was good
	cause   error     // of that
	behind  time.Time // since when the database is behind what was known before; zero: it is not

	delivered uint64 // when somebody looked, and since when it has been that
	since     time.Time
}

var errNotThere = errors.New("the message table does not have them")

func (l *look) reason() error {
	if l.cause != nil {
		return l.cause
	}
	return errNotThere
}

// run reads the table where something is missing. It is the one goroutine that does.
func (s *Sequencer) run(ctx context.Context) {
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		away := s.options.Away()
		for s.attend(ctx, away) && ctx.Err() == nil {
		}
		timer.Reset(s.rest())
	}
}

// rest is how long there is nothing to look for.
func (s *Sequencer) rest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.look.next = earlier(now.Add(tick), later(s.look.since.Add(tick), s.look.last.Add(idleClock)))
	if since := s.missing.since; !since.IsZero() {
		s.look.next = earlier(s.look.next, since.Add(patience))
	}
	s.look.next = later(s.look.next, s.look.not)
	return s.look.next.Sub(now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// attend reads what is due, and tells whether there may be more.
func (s *Sequencer) attend(ctx context.Context, away bool) (more bool) {
	s.mu.Lock()
	now := time.Now()
	s.suspect(func() time.Time { return now })
	reason, goal := s.due(now, away)
	idle := s.isIdle(now)
	s.mu.Unlock()
	switch {
	case reason != "":
		return s.read(ctx, reason, goal)
	case idle:
		s.readClock(ctx)
	}
	return false
}

// due says why the table is to be read, and up to where. What is later is on its way still, with all that its sender said. mu is held.
func (s *Sequencer) due(now time.Time, away bool) (reason string, goal uint64) {
	if now.Before(s.look.not) {
		return "", 0
	}
	first := s.waiting.first()
	if first != nil && first.wanted {
		return BecauseMember, s.waiting.last() // those behind may have their members by then
	}
	if goal = s.asked(); goal > s.reach() {
		return BecauseClient, goal
	}
	switch {
	case away && now.Sub(s.look.last) >= tick:
		return BecauseAway, math.MaxUint64
	case s.lag(now) < patience:
		return "", 0
	case first == nil:
		return BecauseTail, s.missing.through
	}
	return BecauseHole, s.waiting.lastBefore(now.Add(-patience))
}

// isIdle tells whether the clock is to be read: nothing has come for a while. What comes knows its predecessor, and is better than a
// look at the clock. Or so much has come, with nothing of this gateway's own, that the database's word of what can be is old. mu is held.
func (s *Sequencer) isIdle(now time.Time) bool {
	l := &s.look
	if s.delivered != l.delivered {
		l.delivered, l.since = s.delivered, now
	}
	old := s.known.Load() > s.latest(now)-spanOf(ahead/2)
	return (old || now.Sub(l.since) >= tick) && now.Sub(l.last) >= idleClock && !now.Before(l.not)
}

func (s *Sequencer) readClock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	s.mu.Lock()
	known := s.known.Load()
	s.mu.Unlock()
	clock, err := s.options.Table.Now(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looked(err) {
		return
	}
	s.compare(clock, known)
	s.given(clock)
	s.suspect(time.Now)
}

// looked notes whether the database could be asked. mu is held.
func (s *Sequencer) looked(err error) (good bool) {
	l, now := &s.look, time.Now()
	l.last = now
	if err == nil {
		l.failing, l.cause = time.Time{}, nil
		return true
	}
	l.cause, l.not = err, now.Add(pause)
	if l.failing.IsZero() {
		l.failing = now
	}
	return false
}

// read reads what is missing up to goal, and tells it. It reports whether there may be more to read at once.
func (s *Sequencer) read(ctx context.Context, reason string, goal uint64) (more bool) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := time.Now()
	s.mu.Lock()
	s.look.reads++
	from, known := s.reach(), s.known.Load()
	s.mu.Unlock()
	rows, through, err := s.options.Table.After(ctx, from, readLimit)
	if err != nil {
		s.watch.OrderRead(reason, 0, time.Since(began), err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.looked(err)
		return false
	}
	cut := false // there is more than one read gives
	if n := len(rows); n > 0 && (n >= readLimit || through <= rows[n-1].Position) {
		through, cut = min(through, rows[n-1].Position), true
	}
	entries := s.unheard(ctx, rows, min(through, goal))
	s.watch.OrderRead(reason, len(entries), time.Since(began), nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked(nil)
	s.given(through)
	if !cut {
		s.answer(through)
		through = s.follow(through, known)
	}
	for _, e := range entries {
		s.waiting.add(e)
	}
	s.completeTo(min(through, goal))
	s.tell()
	helped := s.reach() > from
	if !helped && reason != BecauseAway && reason != BecauseClient {
		s.look.not = time.Now().Add(pause)
	}
	return helped
}

// unheard makes entries of those rows up to a position that were not heard yet, or only in part.
func (s *Sequencer) unheard(ctx context.Context, rows []message.Kept, through uint64) (entries []*entry) {
	for _, row := range s.lacking(rows, through) {
		e := &entry{position: row.Position, read: true}
		e.to, e.event, e.args = s.options.Event(ctx, row)
		entries = append(entries, e)
	}
	return entries
}

func (s *Sequencer) lacking(rows []message.Kept, through uint64) []message.Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(rows, func(row message.Kept) bool {
		if row.Position <= s.delivered || row.Position > through {
			return true
		}
		e := s.waiting.get(row.Position)
		return e != nil && e.event != ""
	})
}

// completeTo notes that all up to a position is here. What waits without its event has no row any more. mu is held.
func (s *Sequencer) completeTo(through uint64) {
	s.complete = max(s.complete, through)
	for _, e := range s.waiting.list {
		if e.position > s.complete {
			return
		}
		if e.event == "" {
			e.wanted, e.gone = false, true
		}
	}
}

// follow returns up to where nothing can be missing any more, given up to where the database says so, and what was known before it
// was asked. What was known was committed. A database that is behind that has lost it in a failover, or is one that the others have
// left. In the first case nothing of it will ever be read, and after 5 s it is not waited for any more. mu is held.
func (s *Sequencer) follow(through, known uint64) uint64 {
	s.compare(through, known)
	if behind := s.look.behind; behind.IsZero() || time.Since(behind) < stalled {
		return through
	}
	s.look.behind = time.Now()
	return known
}

// compare notes whether the database is behind what was known before it was asked. mu is held.
func (s *Sequencer) compare(clock, known uint64) {
	switch l := &s.look; {
	case clock >= known:
		l.behind = time.Time{}
	case l.behind.IsZero():
		l.behind = time.Now()
		s.watch.OrderLost()
	}
}
