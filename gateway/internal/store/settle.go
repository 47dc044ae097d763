package store

import (
	"context"
	"errors"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// takeTurn commits a batch at the next place in the order of all gateways, but for what another one has stored already.
func (s *Store) takeTurn(ctx context.Context, batch []*entry) error {
	heard, err := s.markSaidElsewhere(ctx, batch)
	if err != nil {
		return database.Unavailable(err, false)
	}
	if batch = missing(batch); len(batch) == 0 {
		return nil
	}
	t := s.newTurn(batch, heard)
	switch err = s.cluster.commit(ctx, t); {
	case err == nil:
		s.takePlaces(t)
	case errors.Is(err, errSaidElsewhere):
		if err := s.hearElsewhere(ctx); err != nil {
			return database.Unavailable(err, false)
		}
		return s.takeTurn(ctx, batch)
	case database.InDoubt(err):
		s.doubt = t
	}
	return err
}

// attemptInTurn waits for the pause, revives the table, settles what is in doubt and writes what is pending. What was
// committed is answered if its sender still waits; in any case every gateway will find it behind the clock.
func (r *repair) attemptInTurn(pause time.Duration) error {
	committed := false
	err := r.meanwhile(pause, func(ctx context.Context) (err error) {
		if err := r.table.revive(ctx); err != nil || r.doubt == nil {
			return err
		}
		if committed, err = r.cluster.settle(ctx, r.doubt); err != nil || !committed {
			return err
		}
		r.takePlaces(r.doubt)
		return r.table.look(ctx, r.doubt.batch) // for what is read back
	})
	if err != nil {
		return err
	}
	if r.doubt != nil {
		r.settled(committed)
	}
	rest, err := r.writeAround(r.pending, true)
	r.pending = rest
	return err
}

// settled answers what of the turn in doubt was committed.
func (r *repair) settled(committed bool) {
	t := r.doubt
	r.doubt, r.turns = nil, t.number
	if !committed {
		return
	}
	in := make(map[*entry]bool, len(t.batch))
	for _, e := range t.batch {
		in[e] = true
	}
	var answered, pending []*entry
	for _, e := range r.pending {
		if in[e] {
			e.found = true
			answered = append(answered, e)
		} else {
			pending = append(pending, e)
		}
	}
	r.pending = pending
	r.remember(t.copies())
	if len(answered) > 0 {
		r.watch.Committed(len(answered), time.Since(r.began))
		r.answer(answered)
	}
}

// copies are the entries as they are stored, whatever their senders were answered: they may send them again.
func (t *turn) copies() []*entry {
	list := make([]*entry, len(t.batch))
	for i, e := range t.batch {
		c := *e
		c.err = nil
		list[i] = &c
	}
	return list
}
