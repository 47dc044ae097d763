package saved

import (
	"context"
	"time"
)

// longestWait is how long an answer waits for a session to be written. A restart of a database takes no longer, mostly; one that is
// away must not keep people waiting who want to enter a room.
const longestWait = 2 * time.Second

// waits are those who want to know when a session is written as it is now. All wait equally long, so the queue is in the order
// in which their times end. The lock of the changes guards them.
type waits struct {
	bySID map[string][]*wait
	queue []*wait
	some  chan struct{} // has an element after the queue has begun
}

type wait struct {
	sid   string
	until time.Time
	born  time.Time  // of the session: what was sent before can't have it
	done  func(bool) // nil once somebody has taken it
}

func newWaits() waits {
	return waits{bySID: make(map[string][]*wait), some: make(chan struct{}, 1)}
}

// wait has done called with true when a session that was born then is written as it is now, or else after longestWait: with false if
// it may be written as it was before.
func (c *changes) wait(sid string, born time.Time, done func(safe bool)) {
	if !c.waits(sid, born, done) {
		done(true)
	}
}

// waits is false where there is nothing to wait for.
func (c *changes) waits(sid string, born time.Time, done func(bool)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, isPending := c.bySID[sid]
	if _, isTaken := c.taken[sid]; !isPending && !isTaken {
		return false
	}
	w := &wait{sid, time.Now().Add(c.patience), born, done}
	c.waiting.bySID[sid] = append(c.waiting.bySID[sid], w)
	c.waiting.queue = append(c.waiting.queue, w)
	if len(c.waiting.queue) == 1 {
		signal(c.waiting.some)
	}
	return true
}

// settle ends the waits for changes that were written, or need not be, unless there are newer ones of the same sessions.
func (c *changes) settle(all []change) { call(c.settled(all), true) }

func (c *changes) settled(all []change) (over []func(bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range all {
		delete(c.taken, one.sid)
		if _, isPending := c.bySID[one.sid]; !isPending {
			over = c.waiting.end(one.sid, over)
		}
	}
	return over
}

// end takes those who wait for a session. The lock is held.
func (ws *waits) end(sid string, over []func(bool)) []func(bool) {
	for _, w := range ws.bySID[sid] {
		over = w.take(over)
	}
	delete(ws.bySID, sid)
	return over
}

// take adds what is to be called, once. The lock is held.
func (w *wait) take(over []func(bool)) []func(bool) {
	if w.done == nil {
		return over
	}
	over = append(over, w.done)
	w.done = nil
	return over
}

func call(all []func(bool), safe bool) {
	for _, done := range all {
		done(safe)
	}
}

// answerLate answers those who have waited for too long, and all others when ctx ends.
func (c *changes) answerLate(ctx context.Context) {
	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			safe, unsafe, _, _ := c.late(time.Now().Add(2 * longestWait))
			call(safe, true)
			call(unsafe, false) // and not void: what is left is written last, while their clients are on their way to other gateways
			return
		case <-c.waiting.some:
		case <-timer.C:
		}
		timer.Reset(c.answer(time.Now()))
	}
}

func (c *changes) answer(now time.Time) (next time.Duration) {
	safe, unsafe, sids, next := c.late(now)
	call(safe, true)
	call(unsafe, len(sids) > 0 && c.void != nil && c.void(sids) == nil)
	return next
}

// late takes those whose time is over, and tells when to look again. Sids are of the unsafe.
func (c *changes) late(now time.Time) (safe, unsafe []func(bool), sids []string, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ws := &c.waiting
	for len(ws.queue) > 0 {
		w := ws.queue[0]
		switch {
		case w.done != nil && w.until.After(now):
			return safe, unsafe, sids, w.until.Sub(now)
		case !w.born.Before(c.sent):
			safe = w.take(safe)
		case w.done != nil:
			unsafe, sids = w.take(unsafe), append(sids, w.sid)
		}
		ws.queue[0] = nil
		ws.queue = ws.queue[1:]
	}
	ws.queue = nil // gives the memory of a burst back
	return safe, unsafe, sids, time.Hour
}
