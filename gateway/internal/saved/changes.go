package saved

import (
	"cmp"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// change is a session that is to be written, or to be deleted.
type change struct {
	sid       string
	session   session // nil if it has ended
	namespace string  // of one that has ended
	at        int64   // when it was, as readAt has it; 0 where nothing has changed and it is written anew
}

// changes are the sessions to be written or deleted, each once, the oldest change first. An end is final: later changes of the same
// session are left out.
type changes struct {
	bound int
	some  chan struct{} // has an element after a change was added

	mu      lockorder.Mutex[changes]
	order   []string
	bySID   map[string]change
	taken   map[string]change // what the writer has and has not written yet
	sent    time.Time         // when the latest write began that may have come to something, by an earlier process too; zero if nothing is kept
	waiting waits

	patience time.Duration        // how long an answer waits for a session to be written
	void     func([]string) error // has the sessions of those be taken up by nobody, so that they need not wait longer; nil if it can't be
}

func newChanges(bound int) *changes {
	return &changes{
		bound: cmp.Or(bound, 1<<17), some: make(chan struct{}, 1), sent: time.Now(),
		bySID: make(map[string]change), taken: make(map[string]change), waiting: newWaits(), patience: longestWait,
	}
}

// add returns how many older changes were dropped, since there is no place for more.
func (c *changes) add(one change) (dropped int) {
	c.mu.Lock()
	before, isThere := c.bySID[one.sid]
	switch {
	case !isThere:
		c.order = append(c.order, one.sid)
		c.bySID[one.sid] = one
	case before.session != nil:
		c.bySID[one.sid] = one
	}
	for ; len(c.order) > c.bound; dropped++ {
		c.takeFirst()
	}
	c.mu.Unlock()
	signal(c.some)
	return dropped
}

// signal puts an element into a channel that holds one, unless it is there already.
func signal(some chan struct{}) {
	select {
	case some <- struct{}{}:
	default:
	}
}

// next takes the oldest change. Settle or putBack is called of it.
func (c *changes) next() (one change, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.order) == 0 {
		return change{}, false
	}
	one = c.takeFirst()
	c.taken[one.sid] = one
	return one, true
}

// takeFirst takes the oldest of at least one. mu is held.
func (c *changes) takeFirst() change {
	one := c.bySID[c.order[0]]
	delete(c.bySID, one.sid)
	c.order = c.order[1:]
	if len(c.order) == 0 {
		c.order = nil // gives the memory of a burst back
	}
	return one
}

// putBack puts changes that could not be written before all others, unless something newer is there of the same session. It
// returns how many found no place.
func (c *changes) putBack(all []change) (dropped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var order []string
	for _, one := range all {
		delete(c.taken, one.sid)
		before, isThere := c.bySID[one.sid]
		switch {
		case !isThere && len(order)+len(c.order) < c.bound:
			order = append(order, one.sid)
			c.bySID[one.sid] = one
		case !isThere:
			dropped++
		case one.session == nil && before.session != nil:
			c.bySID[one.sid] = one
		}
	}
	c.order = append(order, c.order...)
	return dropped
}

// isPending tells whether a session is still to be written.
func (c *changes) isPending(sid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, waits := c.bySID[sid]
	_, isTaken := c.taken[sid]
	return waits || isTaken
}

// isEnded tells whether a session has ended and is still to be deleted.
func (c *changes) isEnded(sid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, all := range []map[string]change{c.bySID, c.taken} {
		if one, isThere := all[sid]; isThere && one.session == nil {
			return true
		}
	}
	return false
}

// sending notes when the latest write began that may have come to something, and returns when that was before.
func (c *changes) sending(now time.Time) (before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.sent = c.sent, now
	return before
}

// clear forgets all. Nobody waits for it any more.
func (c *changes) clear() { call(c.cleared(), true) }

func (c *changes) cleared() (over []func(bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order = nil
	for sid := range c.bySID {
		over = c.waiting.end(sid, over)
	}
	clear(c.bySID)
	return over
}

func (c *changes) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.order)
}
