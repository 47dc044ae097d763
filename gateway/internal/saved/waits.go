package saved

import (
	"context"
	"time"
)

// longestWait is how long an answer waits for a session to be written. A database that is away must not keep people waiting who
// want to enter a room.
const longestWait = time.Second

// waits are those who want to know when a session is written as it is now. All wait equally long, so the queue is in the order
// in which their times end. The lock of the changes guards them.
type waits struct {
	bySID map[string][]*wait
	queue []*wait
	some  chan struct{} // has an element after the queue has begun
}

type wait struct {
	until time.Time
	done  func() // nil once somebody has taken it
}

func newWaits() waits {
	return waits{bySID: make(map[string][]*wait), some: make(chan struct{}, 1)}
}

// wait has done called when a session is written as it is now, or can't be for longestWait.
func (c *changes) wait(sid string, done func()) {
	if !c.waits(sid, done) {
		done()
	}
}

// waits is false where there is nothing to wait for.
func (c *changes) waits(sid string, done func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, isPending := c.bySID[sid]; !isPending && !c.taken[sid] {
		return false
	}
	w := &wait{time.Now().Add(longestWait), done}
	c.waiting.bySID[sid] = append(c.waiting.bySID[sid], w)
	c.waiting.queue = append(c.waiting.queue, w)
	if len(c.waiting.queue) == 1 {
		signal(c.waiting.some)
	}
	return true
}

// settle ends the waits for changes that were written, or need not be, unless there are newer ones of the same sessions.
func (c *changes) settle(all []change) { call(c.settled(all)) }

func (c *changes) settled(all []change) (over []func()) {
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
func (ws *waits) end(sid string, over []func()) []func() {
	for _, w := range ws.bySID[sid] {
		over = w.take(over)
	}
	delete(ws.bySID, sid)
	return over
}

// take adds what is to be called, once. The lock is held.
func (w *wait) take(over []func()) []func() {
	if w.done == nil {
		return over
	}
	over = append(over, w.done)
	w.done = nil
	return over
}

func call(all []func()) {
	for _, done := range all {
		done()
	}
}

// answerLate answers those who have waited for too long, and all others when ctx ends.
func (c *changes) answerLate(ctx context.Context) {
	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			over, _ := c.late(time.Now().Add(2 * longestWait))
			call(over)
			return
		case <-c.waiting.some:
		case <-timer.C:
		}
		over, next := c.late(time.Now())
		call(over)
		timer.Reset(next)
	}
}

// late takes those whose time is over, and tells when to look again.
func (c *changes) late(now time.Time) (over []func(), next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ws := &c.waiting
	for len(ws.queue) > 0 {
		w := ws.queue[0]
		if w.done != nil && w.until.After(now) {
			return over, w.until.Sub(now)
		}
		over = w.take(over)
		ws.queue[0] = nil
		ws.queue = ws.queue[1:]
	}
	ws.queue = nil // gives the memory of a burst back
	return over, time.Hour
}
