package store

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// commit is the committer: it takes what has gathered, commits it, and so on until the queue is closed and
// empty.
func (s *Store) commit() {
	defer close(s.answers)
	for s.queue.wait() {
		s.fail(s.queue.acceptedBefore(s.tooLate()), errTimeout)
		batch := s.queue.take()
		if len(batch) == 0 {
			continue
		}
		s.clock.stamp(batch, time.Now())
		if rest, err := s.write(batch, false); err != nil {
			s.recover(rest, err)
		}
	}
}

// tooLate is the moment before which a message must have been accepted not to be sent any more. A quarter of
// the timeout is left for the statement: one with no time left would only end in doubt.
func (s *Store) tooLate() time.Time { return time.Now().Add(-s.timeout * 3 / 4) }

// write commits the batch in order, and returns what it could not commit: the tail of the batch, and why. A
// row that the database refuses is found by halving, and costs only itself. Once the statement has been
// rehearsed without rows, a missing privilege is a row's fault too: a policy or a trigger says so.
func (s *Store) write(batch []*entry, rehearsed bool) (rest []*entry, err error) {
	if len(batch) == 0 {
		return nil, nil
	}
	began := time.Now()
	ctx, cancel := context.WithDeadline(s.ctx, batch[0].accepted.Add(s.timeout))
	err = s.table.insert(ctx, batch, batch[0].doubtful)
	cancel()
	switch {
	case err == nil:
		s.watch.Committed(len(batch), time.Since(began))
		s.answers <- batch
		return nil, nil
	case !isRejected(err) && !(rehearsed && isForbidden(err)):
		return batch, err
	case len(batch) == 1:
		s.rejected.warn(s.log, "the database rejects messages", "error", err)
		s.fail(batch, &refusal{"rejected", err, message.ErrRejected})
		return nil, nil
	}
	half := len(batch) / 2
	if rest, err = s.write(batch[:half], rehearsed); err != nil {
		return batch[half-len(rest):], err
	}
	return s.write(batch[half:], rehearsed)
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
			e.stored.ID = s.mapping.ID.json(e.id)
			e.done(e.stored, nil)
		}
	}
}
