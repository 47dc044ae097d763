package socketio

import (
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// releases has connections give up their handshakes some time after they have joined a namespace, so
// that idle ones keep no headers. One timer serves all of them.
type releases struct {
	after time.Duration

	mu      lockorder.Mutex[releases]
	waiting []release   // in the order of their times: all wait equally long
	timer   *time.Timer // runs while somebody waits
	stopped bool
}

type release struct {
	conn *conn
	at   time.Time
}

// add has a connection give up its handshake when the time has come. No conn.mu is held.
func (r *releases) add(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped { // the connection is about to be closed
		return
	}
	r.waiting = append(r.waiting, release{c, time.Now().Add(r.after)})
	if len(r.waiting) == 1 {
		r.timer = time.AfterFunc(r.after, r.sweep)
	}
}

// sweep releases what is due. The timer rests for a while in between, so that a crowd that connects
// does not have it run once for each of them.
func (r *releases) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	now, due := time.Now(), 0
	for due < len(r.waiting) && !r.waiting[due].at.After(now) {
		r.waiting[due].conn.releaseHandshake()
		due++
	}
	clear(r.waiting[:due]) // what is behind the first is not collected otherwise
	if r.waiting = r.waiting[due:]; len(r.waiting) == 0 {
		r.waiting = nil
		return
	}
	r.timer.Reset(max(r.waiting[0].at.Sub(now), r.after/16))
}

// stop ends the timer. A sweep that runs has ended when it returns.
func (r *releases) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped, r.waiting = true, nil
	if r.timer != nil {
		r.timer.Stop()
	}
}

func (c *conn) releaseHandshake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handshake = nil
}

// handshakeFor returns what the middlewares of a namespace are shown, or why the connection is closed
// instead: its handshake was released. A namespace without middlewares needs none. A client that leaves the only
// namespace there is and joins it again breaks a rule: official clients close the connection between.
func (c *conn) handshakeFor(ns *Namespace) (h Handshake, closed Reason) {
	c.mu.Lock()
	kept := c.handshake
	c.mu.Unlock()
	switch {
	case kept != nil:
		return *kept, ""
	case c.server.only(ns):
		return h, engineio.ForcedClose
	case len(ns.middlewares) > 0:
		return h, HandshakeReleased
	}
	return h, ""
}

// scheduleRelease has the handshake released: at once when there is no other namespace, or else later.
func (c *conn) scheduleRelease(ns *Namespace) {
	only := c.server.only(ns)
	c.mu.Lock()
	wait := !only && !c.releasing && c.handshake != nil
	if wait {
		c.releasing = true
	}
	if only {
		c.handshake = nil
	}
	c.mu.Unlock()
	if wait {
		c.server.releases.add(c)
	}
}
