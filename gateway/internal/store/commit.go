package store

import (
	"context"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// commit is the committer: it takes what has gathered, commits it, and so on until the queue is closed and
// empty. It closes answers when it ends, and with that the delivery.
func (s *Store) commit() {
	defer close(s.answers)
	for s.wait() {
		s.fail(s.queue.acceptedBefore(s.tooLate()), errTimeout)
		for _, part := range partsOf(s.admit(s.queue.take())) {
			if part[0].aside != nil {
				s.writeAside(part[0])
				continue
			}
			if s.cluster == nil { // or the turn gives times and ids
				s.stamp(part, s.now())
			}
			if rest, err := s.writeAround(part, false); err != nil {
				s.repair(rest, err)
			}
		}
	}
}

// tooLate is the moment before which a message must have been accepted not to be sent any more. A quarter of
// the timeout is left for the statement: one with no time left would only end in doubt.
func (s *Store) tooLate() time.Time { return time.Now().Add(-s.timeout * 3 / 4) }

// write commits the batch in order, and returns what it could not commit: the tail of the batch, and why. Rows
// that the database refuses cost only themselves: findRefused marks them all at once, and where it fails, write
// halves the batch until each stands alone. Once the statement has been rehearsed without rows, a missing
// privilege is a row's fault too: a policy or a trigger says so.
func (s *Store) write(batch []*entry, rehearsed bool) (rest []*entry, err error) {
	if len(batch) == 0 {
		return nil, nil
	}
	refuses := func(err error) bool { return database.IsRejected(err) || rehearsed && database.IsForbidden(err) }
	switch err = s.insert(batch); {
	case err == nil:
		return nil, nil
	case !refuses(err):
		return batch, err
	case len(batch) == 1:
		batch[0].refuse(err)
		s.answer(batch)
		return nil, nil
	case !batch[0].examined:
		s.markRefused(batch, refuses)
		return s.write(batch, rehearsed)
	}
	half := len(batch) / 2
	if rest, err = s.write(batch[:half], rehearsed); err != nil {
		return batch[half-len(rest):], err
	}
	return s.write(batch[half:], rehearsed)
}

// insert commits what is missing of the batch, and answers all of it.
func (s *Store) insert(batch []*entry) error {
	began := time.Now()
	if good := missing(batch); len(good) > 0 {
		ctx, cancel := s.deadline(batch)
		defer cancel()
		if err := s.put(ctx, good); err != nil {
			return err
		}
	}
	if n := len(batch) - refused(batch); n > 0 {
		s.watch.Committed(n, time.Since(began))
		s.remember(batch)
	}
	s.answer(batch)
	return nil
}

func (s *Store) put(ctx context.Context, batch []*entry) error {
	if s.cluster != nil {
		return s.takeTurn(ctx, batch)
	}
	return s.table.insert(ctx, batch, batch[0].doubtful)
}

// markRefused marks the refused rows of the batch. It is tried once for a batch: where it fails (a pooler may not let
// it through), write finds them by halving.
func (s *Store) markRefused(batch []*entry, refuses func(error) bool) {
	ctx, cancel := s.deadline(batch)
	defer cancel()
	for _, e := range batch {
		e.examined = true
	}
	if s.cluster != nil {
		s.stamp(batch, s.now()) // throw-away ids, since the turn has not given any
	}
	if err := s.table.findRefused(ctx, missing(batch), refuses); err != nil {
		s.log.Debug("refused rows are looked for one by one", "error", err)
	}
}

// deadline bounds a statement by the time of the batch's oldest message.
func (s *Store) deadline(batch []*entry) (context.Context, context.CancelFunc) {
	return context.WithDeadline(s.ctx, batch[0].accepted.Add(s.timeout))
}

// refuse gives e its answer: the database does not take it.
func (e *entry) refuse(err error) {
	e.err = &refusal{cause: "rejected", detail: err, kind: message.ErrRejected}
}

// refused counts the entries that the database has refused.
func refused(batch []*entry) int {
	n := 0
	for _, e := range batch {
		if e.err != nil {
			n++
		}
	}
	return n
}

// missing leaves out the entries that are refused, or there already.
func missing(batch []*entry) []*entry {
	done := func(e *entry) bool { return e.err != nil || e.found }
	if !slices.ContainsFunc(batch, done) {
		return batch
	}
	return slices.DeleteFunc(slices.Clone(batch), done)
}

// answer sends on a batch whose good rows are committed.
func (s *Store) answer(batch []*entry) {
	for _, e := range batch {
		if e.err != nil {
			at := s.blame(e.err)
			s.misfits.tell(s.log, e.err, at)
			s.rejected.write(s.log, "the database rejects messages", "error", e.err)
			e.err = s.mapping.refersToNothing(e.err, at)
		}
	}
	if n := refused(batch); n > 0 {
		s.watch.Failed("rejected", n)
	}
	s.answers <- batch
}

// fail answers the batch with err.
func (s *Store) fail(batch []*entry, err error) {
	if len(batch) == 0 {
		return
	}
	for _, e := range batch {
		e.err = err
	}
	s.watch.Failed(causeOf(err), len(batch))
	s.answers <- batch
}

// deliver calls done for each answered message, in order.
func (s *Store) deliver() {
	for batch := range s.answers {
		s.queue.release(batch)
		for _, e := range batch {
			if e.err != nil {
				e.done(message.Stored{}, e.err)
				continue
			}
			if e.aside != nil {
				e.done(message.Stored{}, nil)
				continue
			}
			if row, is := e.saidElsewhere(); is {
				e.done(row, nil)
				continue
			}
			e.stored.Position = s.placeOf(e)
			e.done(s.tell(e), nil)
		}
	}
}
