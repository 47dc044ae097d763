package chat

import (
	"slices"
	"sync"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// What may wait for a join: a client flushes what it had buffered in one go, and a socket that never joins must not
// hold more memory than its queue could.
const (
	maxEarly       = 256     // of one socket
	maxEarlyBytes  = 1 << 20 // of one socket
	maxEarlyOfUser = 4 << 20 // of all sockets of one user, who could fill up the place of all else
	maxEarlyInAll  = 64 << 20
	earlyOverhead  = 512 // bytes of a request, roughly
	earlyFullError = "too many messages wait for you to join a room"
)

// early keeps messages that came before their sender had joined: the official client sends what it buffered while
// it was away before its app's connect handler joins. All wait equally long, so the queue is in the order of
// their deadlines, and one goroutine answers those whose time is over.
//
// A socket's own handlers park and release, one at a time, so that what it said stays in order. mu is held for a few
// instructions, and no request is answered under it.
type early struct {
	patience time.Duration // 0: nothing waits

	mu    lockorder.Mutex[early]
	queue []*parked // by arrival; those that are over leave when they come to the front
	bytes int
	of    map[string]int // bytes, by user

	wake chan struct{} // holds one: the queue is not empty any more
	stop chan struct{}
	done sync.WaitGroup
}

// parked is a message that waits for its sender to join.
type parked struct {
	member  *member
	request *request
	room    string // empty: whichever is joined next
	size    int
	until   time.Time
	refusal contract.Answer // when nobody joins
	over    bool            // is answered, or sent
}

func newEarly(patience time.Duration) *early {
	e := &early{patience: patience, of: make(map[string]int), wake: make(chan struct{}, 1), stop: make(chan struct{})}
	if patience > 0 {
		e.done.Go(e.run)
	}
	return e
}

// close returns when nothing is answered any more.
func (e *early) close() {
	close(e.stop)
	e.done.Wait()
}

// park keeps a message until its sender joins the room, and answers it with that refusal when this takes too long.
// What it returns is the answer if it can't wait.
func (e *early) park(p *parked) contract.Answer {
	if e.patience == 0 {
		return p.refusal
	}
	p.size = earlyOverhead
	for _, arg := range p.request.event.Args {
		p.size += len(arg)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m := p.member
	if m.lapsed { // whoever did not join for one message does not for the next, and should hear of it soon
		return p.refusal
	}
	if len(m.early) == maxEarly || m.earlyBytes+p.size > maxEarlyBytes || e.of[m.ID]+p.size > maxEarlyOfUser || e.bytes+p.size > maxEarlyInAll {
		return contract.Failure{Code: contract.RateLimited, Text: earlyFullError}
	}
	p.until = time.Now().Add(e.patience)
	m.early = append(m.early, p)
	e.count(m, p.size)
	e.queue = append(e.queue, p)
	if len(e.queue) == 1 {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// waitsFor tells whether a message of that member waits for a room.
func (e *early) waitsFor(m *member, room string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(m.early, func(p *parked) bool { return p.room == room })
}

// release takes out what a socket's member has waiting for a room, or for any, in the order of arrival.
func (e *early) release(m *member, fits func(*parked) bool) (list []*parked) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range m.early {
		if fits(p) {
			list = append(list, p)
		}
	}
	for _, p := range list {
		e.end(p)
	}
	return list
}

// end takes a message out. mu is held.
func (e *early) end(p *parked) {
	p.over = true
	m := p.member
	if m.early = slices.DeleteFunc(m.early, func(other *parked) bool { return other == p }); len(m.early) == 0 {
		m.early = nil
	}
	e.count(m, -p.size)
}

// count counts bytes of a member's messages. mu is held.
func (e *early) count(m *member, bytes int) {
	m.earlyBytes += bytes
	e.bytes += bytes
	if e.of[m.ID] += bytes; e.of[m.ID] == 0 {
		delete(e.of, m.ID)
	}
}

// run answers what has waited too long, until close.
func (e *early) run() {
	timer := time.NewTimer(e.patience)
	defer timer.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-e.wake:
		case <-timer.C:
		}
		late, next := e.late(time.Now())
		for _, p := range late {
			p.refuse()
		}
		timer.Reset(next)
	}
}

// late takes out what has waited too long, and returns when to look again.
func (e *early) late(now time.Time) (list []*parked, next time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.queue) > 0 {
		p := e.queue[0]
		if !p.over && p.until.After(now) {
			return list, p.until.Sub(now)
		}
		if !p.over {
			e.end(p)
			p.member.lapsed = true
			list = append(list, p)
		}
		e.queue[0] = nil
		e.queue = e.queue[1:]
	}
	e.queue = nil // so that the array goes
	return list, time.Hour
}

// waits parks a message that is refused because its sender has not joined anything since it connected, or behind an
// earlier one that waits for the same room. It returns nil if the message waits now, or else why it is refused.
func (c *Chat) waits(m *member, r *request, fields contract.Object, refusal contract.Answer) contract.Answer {
	outside := refusal == notJoined || refusal == nowhere && !c.options.OpenRooms
	if !outside || r.waited {
		return refusal
	}
	room, _ := c.keys.Room(fields)
	if fits, _ := c.rule(room, m.ID); c.onlyGiven() && !fits { // no join would be good
		return refusal
	}
	if m.joined && !c.early.waitsFor(m, room) { // it knows how to join, and did not
		return refusal
	}
	return c.early.park(&parked{member: m, request: r, room: room, refusal: refusal})
}

// sendEarly sends what has waited for its sender to join that room, in the order in which it came.
func (c *Chat) sendEarly(s *socketio.Socket, m *member, room string) {
	for _, p := range c.early.release(m, func(p *parked) bool { return p.room == room || p.room == "" }) {
		p.request.waited = true
		if a := c.send(s, m, p.request); a != nil {
			p.request.answer(a)
		}
	}
}

// refuseEarly answers waiting messages whose room will not be joined.
func (c *Chat) refuseEarly(m *member, of func(*parked) bool) {
	for _, p := range c.early.release(m, of) {
		p.refuse()
	}
}

// refuse answers a message whose room was not joined.
func (p *parked) refuse() {
	defer p.request.survive()
	p.request.event.Args = nil // the queue still has it for a while
	p.request.answer(p.refusal)
}
