package attach

import (
	"container/list"
	"encoding/binary"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// mostUntaken is how many clients with sockets a link may have been presented without having taken them.
const mostUntaken = 200

// place is where a client stands in one of the two lines of those who wait. Hub.mu guards it.
type place struct {
	line    *list.List
	element *list.Element
	arrival uint64
	since   time.Time
}

// enter gives a new client to a link, or has it wait.
func (h *Hub) enter(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.number++
	c.mu.Lock()
	c.number = h.number
	c.mu.Unlock()
	h.clients[c.number] = c
	if l := h.linkFor(c); l != nil {
		h.present(c, l)
		return
	}
	h.wait(c, time.Now())
}

// wait puts a client into one of the lines. mu is held.
func (h *Hub) wait(c *client, since time.Time) {
	line := &h.fresh
	if len(c.sockets) > 0 {
		line = &h.returning
	}
	h.arrivals++
	c.place = &place{line, line.PushBack(c), h.arrivals, since}
	h.waits.Add(1)
}

// stopWaiting takes a client out of its line, if it is in one. mu is held.
func (h *Hub) stopWaiting(c *client) {
	if c.place != nil {
		c.place.line.Remove(c.place.element)
		c.place = nil
		h.waits.Add(-1)
	}
}

// linkFor returns the link that takes a client, or nil: the one with the fewest. mu is held.
func (h *Hub) linkFor(c *client) (best *link) {
	for _, l := range h.links {
		if l.ready && (best == nil || l.clients < best.clients) && (len(c.sockets) == 0 || len(l.untaken) < mostUntaken) && l.hasRoom() {
			best = l
		}
	}
	return best
}

// present gives a client to a link, with all that is held for it. mu is held.
func (h *Hub) present(c *client, l *link) {
	h.stopWaiting(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	l.clients++
	c.owner.Store(l)
	c.taker = l
	if len(c.sockets) > 0 {
		l.untaken[c] = true
	}
	if c.ended != "" {
		h.absent.handTo(c, l)
	}
	if len(c.sockets) > 0 || c.ended != "" {
		l.put(jsonFrame(opOpen, c.opening(l)))
	} else {
		l.enter(c.entering(l))
	}
	c.giveHeld(l)
}

// presentMore is presentWaiting for callers that do not hold mu. It takes mu only if somebody waits.
func (h *Hub) presentMore() {
	if h.waits.Load() > 0 {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.presentWaiting()
	}
}

// presentWaiting gives those who wait to links, as far as these take them. mu is held.
func (h *Hub) presentWaiting() {
	for _, line := range []*list.List{&h.returning, &h.fresh} {
		for e := line.Front(); e != nil; e = line.Front() {
			c := e.Value.(*client)
			l := h.linkFor(c)
			if l == nil {
				break
			}
			h.present(c, l)
		}
	}
	for _, l := range h.links {
		h.tellPresented(l)
	}
}

// tellPresented tells a link, once, that it has been presented all clients that waited when it became ready, and all that a process had which
// is leaving. mu is held.
func (h *Hub) tellPresented(l *link) {
	if !l.ready || l.told || len(l.untaken) > 0 {
		return
	}
	for _, other := range h.links {
		if other.clients > 0 && other.isLeaving() {
			return
		}
	}
	for _, line := range []*list.List{&h.returning, &h.fresh} {
		if e := line.Front(); e != nil && e.Value.(*client).place.arrival <= l.since {
			return
		}
	}
	l.told = true
	l.put(frame(opPresented))
}

// taken notes that an app has taken a client that it was presented.
func (h *Hub) taken(c *client, by *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !by.untaken[c] {
		return
	}
	delete(by.untaken, c)
	c.mu.Lock()
	over := c.ended != ""
	for _, s := range c.sockets {
		if s.own != nil {
			s.own.fresh = false
		}
	}
	c.mu.Unlock()
	if over {
		h.forget(c)
	}
	h.presentWaiting()
}

// reclaim has a client wait whose link is over. Unsent is what that link has not been told. mu is held.
func (h *Hub) reclaim(c *client, unsent []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := time.Now()
	if c.taker == nil && c.held != nil && !c.held.since.IsZero() {
		since = c.held.since
	}
	c.owner.Store(nil)
	c.taker = nil
	if !c.known {
		unsent, c.early = c.early, nil
	}
	if len(unsent) > 0 {
		c.hub.heldBytes.Add(int64(len(unsent)))
		held := c.holding()
		held.frames = append(unsent, held.frames...)
		held.count += countFrames(unsent)
	}
	switch {
	case c.left, c.ended != "" && len(c.sockets) == 0:
		h.drop(c)
	default:
		h.absent.handTo(c, nil)
		h.wait(c, since)
	}
}

func countFrames(frames []byte) (n int) {
	for at := 0; at < len(frames); n++ {
		at += headBytes + int(binary.BigEndian.Uint32(frames[at:]))
	}
	return n
}

// pause has a client hold what it says, since its app is leaving. Hub.mu is held.
func (c *client) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taker = nil
	c.holding().since = time.Now()
}

// leave is the end of a client's connection. The app is told, or the next one will be, if it knows of the client's sockets.
func (h *Hub) leave(c *client, reason engineio.Reason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, c.session)
	h.end(c, reason)
}

// end is leave for what the app has of a client. mu is held.
func (h *Hub) end(c *client, reason engineio.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.clients[c.number] != c || c.ended != "" {
		return
	}
	c.ended = reason
	if !c.left {
		h.leaveSessions(c, c.taker)
	}
	if c.taker != nil && !c.left {
		c.giveHeld(c.taker)
		if c.taker.put(textFrame(opClosed, c.number, string(reason))) {
			h.drop(c)
			h.presentWaiting()
			return
		}
	}
	if c.left || len(c.sockets) == 0 && c.owner.Load() == nil {
		h.drop(c)
	}
}

// forget takes a client out of all books. mu is held.
func (h *Hub) forget(c *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.drop(c)
}

// drop is forget with client.mu held too.
func (h *Hub) drop(c *client) {
	h.stopWaiting(c)
	if l := c.owner.Swap(nil); l != nil {
		l.clients--
		delete(l.untaken, c)
	}
	c.taker, c.left, c.early = nil, true, nil
	c.dropHeld()
	for _, s := range c.sockets {
		h.removeSocket(s)
	}
	c.sockets = nil
	delete(h.clients, c.number)
}

// removeSocket takes a socket out of its namespace. mu is held.
func (h *Hub) removeSocket(s *socket) {
	if s.own != nil {
		return // its own server does
	}
	if h.byPID[s.pid] == s {
		delete(h.byPID, s.pid)
	}
	if s.space.remove(s) {
		delete(h.spaces, s.space.name)
	}
}

// sweep closes clients that have waited for longer than Hold, and has links say what nobody was in a hurry for, until Close.
func (h *Hub) sweep() {
	ticker := time.NewTicker(min(max(h.options.Hold/20, 10*time.Millisecond), time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-h.life.Done():
			return
		case now := <-ticker.C:
			for _, c := range h.overdue(now.Add(-h.options.Hold)) {
				h.options.Observer.AppOverflow(BoundTime)
				c.session.Close(AppAway)
			}
			h.forgetOld(now)
			h.nudge()
		}
	}
}

// nudge has all links write what is queued.
func (h *Hub) nudge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.links {
		l.nudge()
	}
}

// overdue takes the clients that have waited since before that time out of their lines, and returns those that are still connected: the
// caller closes them. So it does with clients of slow links.
func (h *Hub) overdue(before time.Time) (overdue []*client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range []*list.List{&h.returning, &h.fresh} {
		for e, next := line.Front(), (*list.Element)(nil); e != nil; e = next {
			next = e.Next()
			c := e.Value.(*client)
			if !c.place.since.Before(before) {
				break
			}
			c.mu.Lock()
			if c.isDue(before) {
				if c.ended == "" {
					overdue = append(overdue, c)
					h.leaveSessions(c, nil)
				}
				h.settleAll(c)
				h.drop(c)
			}
			c.mu.Unlock()
		}
	}
	for _, l := range h.links {
		for _, c := range l.slow() {
			c.mu.Lock()
			if !c.held.none() && c.held.since.Before(before) && c.ended == "" {
				c.dropHeld()
				overdue = append(overdue, c)
			}
			c.mu.Unlock()
		}
	}
	return overdue
}

// isDue tells whether a client that has stood in a line since before that time has waited for too long. Where the gateway has handlers of its
// own, a client needs no app until it says something for the app. mu is held.
func (c *client) isDue(before time.Time) bool {
	return c.next == nil || c.ended != "" || !c.held.none() && c.held.since.Before(before)
}
