package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// MostAside is how many events one Aside takes places for: as many as a commit of a cluster has places of its own.
const MostAside = uuidSlot

// Place is where events stand that are no messages: behind all that were committed before, and before all that come later.
type Place struct {
	// First is the position of the first of them, and those of the others follow it. Sequence is empty then. Where the database makes
	// the ids, positions are the next values of this sequence.
	First    uint64
	Sequence string
	// Previous is the position before, in the order of all gateways. It is 0 where the gateway is alone.
	Previous uint64
}

// Asker asks the database, as part of whatever is under way there.
type Asker interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Aside gives places among the messages to events that are no messages: what the app has written into a table of its own, say. Take is called
// on the committer's goroutine, writes down which event has which position, MostAside at most, and returns the last of them, or 0 if
// there is none. With a Node it runs within a transaction that holds the clock. Then done is called, in the order of the messages: after
// what was committed before is told, and before what comes later. Positions rise also where Replays is false, but messages have none then.
//
// If done gets an error that wraps message.ErrUnavailable, take was not called. After any other error, what take wrote may or may not be
// committed. Done may be called before Aside returns. Only Postgres has it.
func (s *Store) Aside(take func(ctx context.Context, db Asker, at Place) (last uint64, err error), done func(error)) {
	if _, able := s.table.(asideTable); !able {
		done(errNoAside)
		return
	}
	if s.outage.Load() != nil {
		done(errDown)
		return
	}
	e := &entry{aside: take, done: func(_ message.Stored, err error) { done(err) }}
	if err := s.queue.add(e); err != nil {
		done(err)
	}
}

var errNoAside = errors.New("only Postgres has places for events that are no messages")

// asideTable is a table that has them. The committer alone calls it.
type asideTable interface {
	// aside runs take at that place.
	aside(ctx context.Context, take takeAside, at Place) error
	// asideInTurn runs it at the next place in the order of all gateways, behind told at least.
	asideInTurn(ctx context.Context, take takeAside, told uint64) error
}

type takeAside func(ctx context.Context, db Asker, at Place) (last uint64, err error)

// writeAside is what the committer does for an entry of Aside.
func (s *Store) writeAside(e *entry) {
	ctx, cancel := s.deadline([]*entry{e})
	defer cancel()
	t := s.table.(asideTable)
	if s.cluster != nil {
		told := uint64(0)
		if s.highest != nil {
			told = s.highest()
		}
		e.err = t.asideInTurn(ctx, e.aside, told)
	} else {
		s.clock.now = max(s.clock.now, s.now().UnixMilli())
		e.err = t.aside(ctx, e.aside, Place{First: s.order.block(uint64(s.clock.now), MostAside)})
	}
	err := e.err // which belongs to the delivery with its entry
	s.answers <- []*entry{e}
	if err != nil && !database.IsBusy(err) && !database.IsRejected(err) && !database.IsForbidden(err) {
		s.repair(nil, err)
	}
}

// block is the first of n positions that follow each other.
func (o *order) block(milli, n uint64) uint64 {
	p := o.next(milli)
	if p%perMilli+n > o.counters {
		o.last = p - p%perMilli + perMilli - 1
		p = o.next(milli)
	}
	o.last = p + n - 1
	return p
}

// partsOf divides a batch into entries of Aside, which stand alone, and what is between them.
func partsOf(batch []*entry) (parts [][]*entry) {
	from := 0
	for i, e := range batch {
		if e.aside == nil {
			continue
		}
		if from < i {
			parts = append(parts, batch[from:i:i])
		}
		parts, from = append(parts, batch[i:i+1:i+1]), i+1
	}
	if from < len(batch) {
		parts = append(parts, batch[from:])
	}
	return parts
}

// placeAfter is where a commit begins behind the clock, at a time of the database's: in a millisecond of its own or, where the clock is
// far ahead of time, in the next slot of its millisecond. See insertInTurn.
func (m Mapping) placeAfter(clock uint64, now int64) uint64 {
	high, slot := clock/perMilli, clock%perMilli/m.slot()+1
	time := min(max(uint64(max(now, 0)), firstMilli), lastMilli)
	milli := max(time, min(high+1, max(high, time+uint64(farthestBefore.Milliseconds()))))
	if slots := m.counters() / m.slot(); slot >= slots {
		milli = max(milli, high+1)
	}
	if milli > high {
		slot = 0
	}
	return milli*perMilli + slot*m.slot()
}

// beginBehind has positions begin behind an event of Aside that an earlier process has told. If the table has ids of another kind since then,
// its positions are of another size, and the old one means nothing.
func (s *Store) beginBehind(position uint64) {
	if ofTime := position >= firstMilli*perMilli; s.unordered.Load() != nil || position <= s.head || ofTime == (s.mapping.IDs == idsDatabase) {
		return
	}
	s.head, s.order.last, s.told = position, position, position
	if s.mapping.IDs != idsDatabase {
		s.clock.now = max(s.clock.now, int64(position/perMilli))
	}
}
