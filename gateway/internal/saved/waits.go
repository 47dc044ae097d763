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
	fits  bool       // for the sessions that changes.void takes
}

func newWaits() waits {
	return waits{bySID: make(map[string][]*wait), some: make(chan struct{}, 1)}
}

// wait has done called with true when a session that was born then is written as it is now, or else after longestWait: with false if
// it may be written as it was before.
func (c *changes) wait(sid string, born time.Time, done func(safe bool)) {
	if !c.waits(&wait{sid: sid, born: born, done: done}) {
		done(true)
	}
}

// waitOrVoid is wait where the session may be void rather than written.
func (c *changes) waitOrVoid(sid string, born time.Time, done func(safe bool)) {
	if !c.waits(&wait{sid: sid, born: born, done: done, fits: c.void != nil}) {
		done(true)
	}
}

// waits is false where there is nothing to wait for.
func (c *changes) waits(w *wait) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, isPending := c.bySID[w.sid]
	if _, isTaken := c.taken[w.sid]; !isPending && !isTaken {
		return false
	}
	w.until = time.Now().Add(c.patience)
	c.waiting.bySID[w.sid] = append(c.waiting.bySID[w.sid], w)
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
			late, _ := c.late(time.Now().Add(2 * longestWait))
			call(late.safe, true)
			call(append(late.unsafe, late.fit...), false) // and not void: what is left is written last, while their clients are on their way to other gateways
			return
		case <-c.waiting.some:
		case <-timer.C:
		}
		timer.Reset(c.answer(time.Now()))
	}
}

func (c *changes) answer(now time.Time) (next time.Duration) {
	late, next := c.late(now)
	call(late.safe, true)
	call(late.unsafe, false)
	if len(late.fit) > 0 {
		call(late.fit, c.void(late.sids) == nil)
	}
	return next
}

// late are those whose time is over.
type late struct {
	safe, unsafe, fit []func(bool)
	sids              []string // of those who are fit to be void
}

// late takes them, and tells when to look again.
func (c *changes) late(now time.Time) (l late, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ws := &c.waiting
	for len(ws.queue) > 0 {
		w := ws.queue[0]
		switch {
		case w.done != nil && w.until.After(now):
			return l, w.until.Sub(now)
		case !w.born.Before(c.sent):
			l.safe = w.take(l.safe)
		case w.done != nil && w.fits:
			l.fit, l.sids = w.take(l.fit), append(l.sids, w.sid)
		default:
			l.unsafe = w.take(l.unsafe)
		}
		ws.queue[0] = nil
		ws.queue = ws.queue[1:]
	}
	ws.queue = nil // gives the memory of a burst back
	return l, time.Hour
}
