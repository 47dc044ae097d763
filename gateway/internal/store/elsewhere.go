package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// A client that comes to another gateway sends again what it has no ack of. So messages of clients that are new here are looked for among
// those of all gateways, twice: before they are accepted, in the table's latest ids, and in their turn, while nobody else can commit, among
// the ids that came since. What is stored by then, by a gateway that took its time, is the answer.

// soonest is how long a message has to wait here for its turn before its client may have sent it to another gateway: the database hangs, or
// this process stood still. The official client comes back no sooner than after half a second.
const soonest = 500 * time.Millisecond

// errSaidElsewhere: a message of the turn may be another gateway's already. Nothing was committed.
var errSaidElsewhere = errors.New("another gateway may have stored the message")

// refreshing reads the latest ids of other gateways, for all who want to know at a time.
type refreshing struct {
	turn    chan struct{} // has an element while somebody reads; guards the rest
	began   time.Time     // the last reading that was good
	through uint64        // up to here the fingerprints are those of all gateways
}

// hearElsewhere has the fingerprints include all that any gateway has stored when it was called.
func (s *Store) hearElsewhere(ctx context.Context) error {
	r, asked := &s.refreshing, time.Now()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return unreadable(ctx.Err())
	}
	defer func() { <-r.turn }()
	if r.began.After(asked) {
		return nil
	}
	began := time.Now()
	through, err := s.cluster.readClock(ctx)
	if err != nil {
		return unreadable(err)
	}
	after := max(r.through, s.head, uint64(began.Add(-repeatable).UnixMilli())*perMilli)
	if after < through {
		low, high := s.mapping.bounds(after, through)
		ids, err := s.table.ids(ctx, low, high, maxLoaded)
		if err != nil {
			return unreadable(err)
		}
		s.learn(ids)
	}
	r.began, r.through = began, through
	return nil
}

// learn adds the fingerprints of ids that are not known yet, the latest of which come first.
func (s *Store) learn(ids []string) {
	forgot := 0
	for i := len(ids) - 1; i >= 0; i-- {
		position, ours := s.mapping.position(ids[i])
		value, ok := s.mapping.fingerprintOf(ids[i])
		if ours && ok && !s.fingerprints.has(value, position) && s.fingerprints.add(value, position, time.Now()) {
			forgot++
		}
	}
	if forgot > 0 {
		s.watch.ResendsForgotten(forgot)
	}
}

// heardThrough returns the position up to which hearElsewhere has looked.
func (s *Store) heardThrough() uint64 {
	s.refreshing.turn <- struct{}{}
	defer func() { <-s.refreshing.turn }()
	return max(s.refreshing.through, s.head)
}

// markSaidElsewhere answers entries that other gateways have stored with the rows of these, as far as was heard. It returns the position up
// to which it knows: what came later is for the turn to find.
func (s *Store) markSaidElsewhere(ctx context.Context, batch []*entry) (heard uint64, err error) {
	late := false
	for _, e := range batch {
		if e.plain != nil && !e.asked && time.Since(e.accepted) > soonest {
			late, e.asked = true, true
		}
	}
	if late {
		if err := s.hearElsewhere(ctx); err != nil {
			return 0, err
		}
	}
	if !slices.ContainsFunc(batch, func(e *entry) bool { return e.asked }) {
		return 0, nil
	}
	heard = s.heardThrough()
	for _, e := range batch {
		if !e.asked || e.found {
			continue
		}
		var since time.Time
		if e.behind == 0 {
			since = time.Now().Add(-repeatable)
		}
		k, found, err := s.repeated(ctx, e, *e.plain, e.behind, since)
		if err != nil {
			return 0, err
		}
		if found {
			e.again, e.found = &k.Stored, true
			e.again.Again = true
		}
	}
	return heard, nil
}

// saidElsewhere is the answer of an entry that another gateway has stored.
func (e *entry) saidElsewhere() (row message.Stored, is bool) {
	if e.again == nil {
		return row, false
	}
	return *e.again, true
}
