package store

import "time"

// order gives each message its position: greater than the last one, and not behind the clock. It belongs to the committer.
type order struct {
	last     uint64
	counters uint64 // how many positions a millisecond has
}

// next is the position of the next message, told when that is. Where the millisecond has no position left, it is of the next.
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
