package store

import (
	"context"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// What is read at the start of the fingerprints that an earlier process has left, and when it is read again: a statement that it
// had sent before it ended may be committed later.
const (
	maxLoaded = 100_000
	loadAhead = 10 * time.Second // of the clock, which another process may have set
)

var lateReads = []time.Duration{time.Second, 4 * time.Second}

// Repeated looks for a message like d, which is stored: with its fingerprint, of the same user, place and text, and behind that
// position; 0 is any of the last 2 min. Of several it gives the earliest, so that a caller who has used it asks for the next
// with its position. It costs a look into memory, and reads a row where it finds one there. Of what was stored before the start,
// memory knows the last 2 min.
//
// Only ids that the gateway makes have a place for fingerprints; where the database makes them, nothing is ever found. What memory
// has no place for is not found either, see Observer.ResendsForgotten. The error is message.ErrUnavailable, after the store's timeout at the latest.
func (s *Store) Repeated(ctx context.Context, d message.Draft, after uint64) (message.Kept, bool, error) {
	e := &entry{}
	if ok, _ := s.Replays(); !ok || d.Fingerprint == 0 || s.mapping.place(e, d) != nil {
		return message.Kept{}, false, nil
	}
	var since time.Time
	if after == 0 {
		since = time.Now().Add(-repeatable)
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	if (d.Elsewhere || after > 0) && s.cluster != nil && s.mapping.IDs != idsDatabase {
		if err := s.hearElsewhere(ctx); err != nil {
			return message.Kept{}, false, err
		}
	}
	var err error
	if e.user, err = s.mapping.User.fit(d.User); err != nil {
		return message.Kept{}, false, nil
	}
	e.fingerprint = d.Fingerprint
	return s.repeated(ctx, e, d.Text, after, since)
}

// repeated looks for the row of an entry, whose text is this one.
func (s *Store) repeated(ctx context.Context, e *entry, text string, after uint64, since time.Time) (message.Kept, bool, error) {
	for _, position := range s.fingerprints.positions(truncated(e.fingerprint), after, since) {
		k, err := s.at(ctx, place{room: e.room, receiver: e.receiver}, position)
		if err != nil {
			return message.Kept{}, false, err
		}
		if k != nil && k.ByUser == e.user && k.Text == text {
			return *k, true, nil
		}
	}
	return message.Kept{}, false, nil
}

// at reads the row of a position, or nil if it is gone or went elsewhere.
func (s *Store) at(ctx context.Context, to place, position uint64) (k *message.Kept, err error) {
	column := s.mapping.Room
	if to.receiver != "" {
		column = s.mapping.Receiver
	}
	low, high := s.mapping.bounds(position-1, position)
	var undone error
	_, err = s.table.missed(ctx, span{column: column, places: []string{to.room + to.receiver}, low: low, high: high, most: 10}, func(e *entry) bool {
		if is, ours := s.mapping.position(e.id); ours && is == position && to == (place{room: e.room, receiver: e.receiver}) {
			k, undone = s.kept(e, position)
		}
		return true
	})
	if err == nil {
		err = undone
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return k, nil
}

// remember adds the fingerprints of messages that are committed.
func (s *Store) remember(batch []*entry) {
	now, forgot := time.Now(), 0
	for _, e := range batch {
		if e.err != nil || e.fingerprint == 0 || e.stored.Position == 0 || s.mapping.IDs == idsDatabase {
			continue
		}
		if s.fingerprints.add(truncated(e.fingerprint), e.stored.Position, now) {
			forgot++
		}
	}
	if forgot > 0 {
		s.watch.ResendsForgotten(forgot)
	}
}

// loadFingerprints adds those that the table has of the last minutes.
func (s *Store) loadFingerprints(ctx context.Context, from table) error {
	if ok, _ := s.Replays(); !ok || s.mapping.IDs == idsDatabase {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now := s.now()
	first, last := now.UnixMilli(), now.UnixMilli()
	if head := int64(s.head / perMilli); head > 0 {
		first, last = min(first, head), max(last, head)
	}
	low, high := s.mapping.bounds(uint64(first-repeatable.Milliseconds())*perMilli, uint64(last+loadAhead.Milliseconds())*perMilli)
	ids, err := from.ids(ctx, low, high, maxLoaded)
	if err != nil {
		return err
	}
	if len(ids) == maxLoaded {
		s.watch.ResendsForgotten(1)
	}
	known := s.fingerprints.known()
	for _, id := range slices.Backward(ids) {
		position, ours := s.mapping.position(id)
		value, ok := s.mapping.fingerprintOf(id)
		if ours && ok && !known[position] {
			age := min(max(now.Sub(time.UnixMilli(int64(position/perMilli))), 0), repeatable)
			s.fingerprints.add(value, position, time.Now().Add(-age))
		}
	}
	return nil
}

// lateReading says when fingerprints are read again.
type lateReading struct {
	*time.Timer
	left []time.Duration
}

func newLateReading() *lateReading {
	return &lateReading{time.NewTimer(lateReads[0]), lateReads}
}

// done goes on to the next reading, if the last one was good.
func (l *lateReading) done(err error) {
	if err == nil {
		l.left = l.left[1:]
	}
	if len(l.left) > 0 {
		l.Reset(l.left[0])
	}
}
