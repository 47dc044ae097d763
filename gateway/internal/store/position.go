package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// order gives each message its position: greater than the last one, and not behind the clock.
type order struct {
	last     uint64
	counters uint64 // how many positions a millisecond has
}

// next is the position of the next message, in that millisecond, or in a later one where it has no position left.
func (o *order) next(milli uint64) uint64 {
	p := max(o.last+1, min(max(milli, firstMilli), lastMilli)*perMilli)
	if p%perMilli >= o.counters {
		p += perMilli - p%perMilli
	}
	o.last = p
	return p
}

// stamp gives the messages of a batch what they get in the order of commits: times and ids.
func (s *Store) stamp(batch []*entry, now time.Time) {
	s.clock.stamp(batch, now)
	if s.mapping.IDs == idsDatabase {
		return
	}
	for _, e := range batch {
		position := s.order.next(uint64(s.clock.now))
		e.id = s.mapping.newID(position, e.fingerprint)
		if s.unordered.Load() == nil {
			e.stored.Position = position
		}
	}
}

// placeOf is the position of a message whose id the database made. Whoever resets the sequence ends the order.
func (s *Store) placeOf(e *entry) uint64 {
	if s.cluster != nil || s.mapping.IDs != idsDatabase || s.unordered.Load() != nil {
		return e.stored.Position
	}
	position, _ := s.mapping.position(e.id)
	return s.inOrder(position, &s.told)
}

// inOrder is the position of an id that the database made, or 0 if it is no greater than the one before it.
func (s *Store) inOrder(position uint64, last *uint64) uint64 {
	if position <= *last {
		s.loseOrder(fmt.Sprintf("the database made an id (column %q) that is no greater than an earlier one; after a restart ids must be above those in the table", s.mapping.ID.Name))
		return 0
	}
	*last = position
	return position
}

// loseOrder ends positions, and says so once.
func (s *Store) loseOrder(reason string) {
	s.unordered.Store(&reason)
	if s.mapping.Database != database.None {
		s.log.Warn("clients that were away can't be sent what they missed from the message table", "reason", reason)
	}
}

// Replays tells whether messages can be read again from a position on. If not, reason is why, and what would mend it, in words for
// the operator; then all positions are 0. A database that gives an id twice ends it while the store is open.
func (s *Store) Replays() (ok bool, reason string) {
	if why := s.unordered.Load(); why != nil {
		return false, *why
	}
	return true, ""
}

// Head is no less than the position of any message that was stored before Open, and less than those of later ones. It is that of the
// newest one, or 0 where there is none; if that is buried under what the app wrote, it is the time of Open. Rows
// with dates of more than a day ahead do not count.
func (s *Store) Head() uint64 { return s.head }

const (
	farthestAhead = 24 * time.Hour
	fewRows       = 10
	mostRows      = 10_000 // of the app's that may be newer than ours
)

// findHead has the clock begin behind the newest row of ours: a system clock may have been set back meanwhile.
func (s *Store) findHead(ctx context.Context, now time.Time) (err error) {
	s.order.counters = s.mapping.counters()
	if s.unordered.Load() != nil {
		return nil
	}
	if err := s.table.outlive(ctx); err != nil {
		return err
	}
	through := uint64(math.MaxUint64)
	if s.mapping.IDs != idsDatabase {
		through = uint64(now.Add(farthestAhead).UnixMilli()) * perMilli
	}
	s.head, err = s.newestUpTo(ctx, through, uint64(now.UnixMilli())*perMilli)
	if err != nil {
		return fmt.Errorf("read the newest ids of %s: %w", s.mapping.name(), err)
	}
	s.order.last, s.told = s.head, s.head
	if s.mapping.IDs != idsDatabase {
		s.clock.now = max(int64(s.head/perMilli), now.UnixMilli())
	}
	return nil
}

// newestUpTo is the position of our newest row up to one, or otherwise if it can't be found among so many.
func (s *Store) newestUpTo(ctx context.Context, through, otherwise uint64) (uint64, error) {
	first, last := s.mapping.bounds(0, through)
	for _, n := range []int{fewRows, mostRows} {
		ids, err := s.table.ids(ctx, first, last, n)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if position, ours := s.mapping.position(id); ours {
				return position, nil
			}
		}
		if len(ids) < n {
			return 0, nil
		}
	}
	return otherwise, nil
}
