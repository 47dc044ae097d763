package store

import (
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// tryHeld is how often messages that wait for a lock of the app's are tried again.
const tryHeld = 50 * time.Millisecond

// held are messages whose rows wait for a lock of the app's. In a cluster they are held back, since a commit with them would make all
// gateways wait. Whatever is sent to their conversations meanwhile waits behind them. It belongs to the committer.
type held struct {
	waiting []*entry // in their order
	next    time.Time
}

// wait waits for something to commit. It returns false when there is nothing, and will be nothing.
func (s *Store) wait() bool {
	if len(s.held.waiting) == 0 {
		return s.queue.wait()
	}
	s.queue.waitFor(time.Until(s.held.next))
	return true
}

// admit leaves out what must wait behind what is held, and adds what is held no longer.
func (s *Store) admit(batch []*entry) []*entry {
	h := &s.held
	if len(h.waiting) == 0 {
		return batch
	}
	s.expireHeld()
	var free []*entry
	if !time.Now().Before(h.next) {
		free, h.waiting = s.sift(h.waiting)
		h.next = time.Now().Add(tryHeld)
	}
	busy := make(map[string]bool)
	for _, e := range h.waiting {
		busy[e.conversation()] = true
	}
	for _, e := range batch {
		if busy[e.conversation()] {
			h.waiting = append(h.waiting, e)
		} else {
			free = append(free, e)
		}
	}
	return free
}

func (s *Store) expireHeld() {
	until := s.tooLate()
	if s.ctx.Err() != nil { // nobody waits for an answer any more
		until = time.Now().Add(time.Hour)
	}
	n := countBefore(s.held.waiting, until)
	s.fail(s.held.waiting[:n:n], errTimeout)
	s.held.waiting = s.held.waiting[n:]
}

// sift tries the conversations of a batch one by one, and parts those that wait for a lock of the app's from the others. If that fails, all
// are free: the commit will fail as well, and tell why.
func (s *Store) sift(batch []*entry) (free, waiting []*entry) {
	if len(batch) == 0 {
		return nil, nil
	}
	var parts [][]*entry
	part := make(map[string]int)
	for _, e := range batch {
		i, there := part[e.conversation()]
		if !there {
			i = len(parts)
			part[e.conversation()], parts = i, append(parts, nil)
		}
		parts[i] = append(parts[i], e)
	}
	s.stamp(batch, s.now())
	ctx, cancel := s.deadline(batch)
	defer cancel()
	waits, err := s.cluster.findWaiting(ctx, parts)
	if err != nil {
		s.log.Debug("messages that wait for a lock are not looked for", "error", err)
		return batch, nil
	}
	for _, e := range batch {
		if waits[part[e.conversation()]] {
			waiting = append(waiting, e)
		} else {
			free = append(free, e)
		}
	}
	return free, waiting
}

// writeAround is write that leaves out what waits for a lock of the app's, as often as there is something.
func (s *Store) writeAround(batch []*entry, rehearsed bool) (rest []*entry, err error) {
	for rest, err = s.write(batch, rehearsed); database.IsBusy(err); rest, err = s.write(rest, rehearsed) {
		rest = s.holdBack(rest)
	}
	return rest, err
}

// holdBack holds those of a batch that wait for a lock of the app's, and returns the others. If none waits for such a lock, it may be
// another gateway that keeps the clock: one that has kept it for too long is ended.
func (s *Store) holdBack(batch []*entry) []*entry {
	n := countBefore(batch, s.tooLate())
	s.fail(batch[:n:n], errTimeout)
	s.fail(s.queue.acceptedBefore(s.tooLate()), errTimeout)
	batch = batch[n:]
	free, waiting := s.sift(missing(batch))
	if len(waiting) == 0 {
		s.unblock()
		return batch
	}
	s.held.waiting = append(s.held.waiting, waiting...)
	s.held.next = time.Now().Add(tryHeld)
	s.log.Debug("messages wait for a lock of the app's", "messages", len(waiting))
	return append(free, settledOf(batch)...)
}

// settledOf returns those of a batch that need no commit any more, only their answer.
func settledOf(batch []*entry) (list []*entry) {
	for _, e := range batch {
		if e.err != nil || e.found {
			list = append(list, e)
		}
	}
	return list
}

func (s *Store) unblock() {
	ctx, cancel := s.within(s.ctx)
	defer cancel()
	ended, err := s.cluster.endBlocker(ctx)
	if err != nil {
		s.blocked.write(s.log, "a commit of another gateway that keeps all others waiting can't be ended", "error", err)
	}
	if ended > 0 {
		s.blocked.write(s.log, "ended the commit of another gateway that kept all others waiting", "commits", ended)
	}
}
