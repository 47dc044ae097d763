package store

import (
	"context"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = time.Second
	probeTimeout = 10 * time.Second // a database that sleeps when idle takes seconds to wake
)

// outage is the time from a failed commit that was not repaired at once until the next one succeeds.
type outage struct {
	since  time.Time
	cause  error
	logged bool
}

// repair brings the table back after a failed commit. The committer runs it, so nothing is committed
// meanwhile.
type repair struct {
	*Store
	began   time.Time
	cause   error
	tick    *time.Ticker
	pending []*entry // of the failed batch, not answered yet
	// undone were answered while in doubt, so they must not turn up: they are deleted before anything else
	// is stored. They all come from one batch, which bounds them.
	undone []*entry
}

// repair tries until what is pending is committed or answered, and the database takes messages again.
func (s *Store) repair(pending []*entry, cause error) {
	r := &repair{Store: s, began: time.Now(), pending: pending, tick: time.NewTicker(s.timeout / 40)}
	defer r.tick.Stop()
	for pause := time.Duration(0); ; pause = min(max(firstPause, 2*pause), longestPause) {
		r.failed(cause)
		if cause = r.attempt(pause); cause == nil {
			r.up()
			return
		}
		if r.hopeless() {
			r.abandon()
			return
		}
		r.down(cause)
	}
}

// failed notes what an error means for the pending messages.
func (r *repair) failed(cause error) {
	r.cause = cause
	if r.cluster != nil || !database.InDoubt(cause) {
		return
	}
	for _, e := range r.pending {
		e.doubtful = true
	}
	if r.mapping.IDs == idsDatabase {
		// Without an id of our own, a second insert could not tell that the first one was committed.
		r.giveUp(len(r.pending), errDown)
	}
}

// attempt waits for the pause, revives the table, deletes what was undone and writes what is pending and not there.
func (r *repair) attempt(pause time.Duration) error {
	if r.cluster != nil {
		return r.attemptInTurn(pause)
	}
	for {
		pending, undone := r.pending, r.undone
		err := r.meanwhile(pause, func(ctx context.Context) error {
			if err := r.table.revive(ctx); err != nil {
				return err
			}
			if err := r.remove(ctx, undone); err != nil {
				return err
			}
			return r.look(ctx, pending)
		})
		if err != nil {
			return err
		}
		if r.undone = r.undone[len(undone):]; len(r.undone) == 0 {
			break
		}
		pause = 0 // more were answered while those were deleted
	}
	rest, err := r.write(r.pending, true)
	r.pending = rest
	return err
}

// remove deletes what was answered while in doubt. Where the database forbids it, trying again would keep the store
// down for ever, so the log says which messages may be stored.
func (r *repair) remove(ctx context.Context, undone []*entry) error {
	if len(undone) == 0 {
		return nil
	}
	err := r.table.remove(ctx, undone)
	if database.IsForbidden(err) || database.IsRejected(err) {
		r.log.Error("messages answered as unavailable may be stored: they can't be deleted", "messages", len(undone), "error", err)
		return nil
	}
	return err
}

// look finds out which of the doubtful entries are there. A second insert alone would not tell: a trigger may refuse a
// row that is there by now.
func (r *repair) look(ctx context.Context, pending []*entry) error {
	doubtful := slices.DeleteFunc(slices.Clone(pending), func(e *entry) bool { return !e.doubtful })
	if len(doubtful) == 0 {
		return nil
	}
	return r.table.look(ctx, doubtful)
}

// meanwhile runs f after the pause, on a goroutine that it waits for, and answers those whose time is over until f returns.
func (r *repair) meanwhile(pause time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(r.ctx, pause+probeTimeout)
	defer cancel()
	result := make(chan error, 1)
	go func() {
		select {
		case <-time.After(pause):
			result <- f(ctx)
		case <-ctx.Done():
			result <- database.Unavailable(ctx.Err(), false)
		}
	}()
	for {
		select {
		case err := <-result:
			return err
		case <-r.tick.C:
			r.down(r.cause)
			r.expire(r.tooLate())
			if r.hopeless() {
				cancel()
			}
		}
	}
}

// expire answers the messages that were accepted before t.
func (r *repair) expire(t time.Time) {
	r.giveUp(countBefore(r.pending, t), errTimeout)
	r.expireHeld()
	r.fail(r.queue.acceptedBefore(t), errTimeout)
}

// giveUp answers the first n pending messages with err.
func (r *repair) giveUp(n int, err error) {
	head := r.pending[:n:n]
	r.pending = r.pending[n:]
	if n > 0 && head[0].doubtful {
		r.undone = append(r.undone, head...)
	}
	r.fail(head, err)
}

// hopeless says that the store is closing and nobody waits for an answer any more.
func (r *repair) hopeless() bool {
	if r.ctx.Err() != nil {
		r.expire(time.Now().Add(time.Hour))
	}
	return len(r.pending) == 0 && r.queue.over()
}

// down makes Save refuse at once, from now on, and Ready tell the latest cause.
func (r *repair) down(cause error) {
	o := r.outage.Load()
	if o == nil {
		o = &outage{since: r.began, logged: r.outages.write(r.log, "message store down", "error", cause)}
	}
	r.outage.Store(&outage{o.since, cause, o.logged})
}

func (r *repair) up() {
	if o := r.outage.Swap(nil); o != nil && o.logged {
		r.log.Info("message store up", "down", time.Since(o.since).Round(time.Millisecond))
	}
}

func (r *repair) abandon() {
	r.down(r.cause)
	if r.doubt != nil {
		r.log.Error("messages answered as unavailable may be stored, and told to their rooms: the store closed with their commit in doubt", "messages", len(r.doubt.batch))
	}
	if len(r.undone) > 0 {
		r.log.Error("messages answered as unavailable may be stored: the store closed with their commit in doubt", "messages", len(r.undone))
	}
}
