package legacy

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/googollee/go-socket.io/engineio/session"
	"github.com/googollee/go-socket.io/engineio/transport"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// client is one connection: the Session of its sockets.
type client struct {
	server    *Server
	id        string
	addr      netip.Addr
	bound     engineio.Binding    // to the user of the handshake
	place     engineio.Place      // run's alone, once it is started
	settled   atomic.Bool         // the sockets have let the client in
	handshake *socketio.Handshake // until its sockets have it
	session   *session.Session
	wake      chan struct{} // of one: the queue has something
	over      chan struct{} // closed when the client has ended

	mu        lockorder.Mutex[client]
	state     state
	reason    engineio.Reason
	queue     []*engineio.Packet
	queued    int              // what the queue costs, and what is being written
	carriers  []transport.Conn // all that are open: the first, and one that may take over
	upgrading bool
	spared    bool        // by hasPolled
	silentBy  time.Time   // when it is given up unless a ping comes
	closeAt   *time.Timer // of CloseAt
	upgradeBy *time.Timer // closes a client that polls and is not upgraded
	cutAt     *time.Timer // ends a closing client after CloseGrace
}

// state only grows.
//
//	state    meaning                                             moved there by
//	open     packets are sent and heard                          newClient
//	closing  what is queued is written, what the client says is  Close, for the layer above, a timer, Shutdown or a
//	         dropped                                             payload that can't be read
//	ended    the queue is dropped and the connections are        end, when the queue is too full, the connection is
//	         closed; run then tells the receiver                 lost, or closing is over: all is written, or CloseGrace
//	                                                             or Shutdown's time has passed
type state uint8

const (
	open state = iota
	closing
	ended
)

func newClient(s *Server, h *socketio.Handshake, p engineio.Place) *client {
	return &client{
		server: s, id: engineio.NewID(), addr: h.Addr, handshake: h, place: p,
		wake: make(chan struct{}, 1), over: make(chan struct{}),
	}
}

// ID is the session's id, which v2 clients take for their socket's too.
func (c *client) ID() string { return c.id }

// Addr is the address behind trusted proxies.
func (c *client) Addr() netip.Addr { return c.addr }

// Writable tells whether nothing waits.
func (c *client) Writable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == open && c.queued == 0
}

// Send queues packets. Over SendQueueBytes the client is cut off: its room waits for nobody.
func (c *client) Send(packets ...*engineio.Packet) error {
	c.mu.Lock()
	if c.state != open {
		c.mu.Unlock()
		return engineio.ErrClosed
	}
	c.queue = append(c.queue, packets...)
	for _, p := range packets {
		c.queued += p.Len()
	}
	full := c.queued > c.server.engine.SendQueueBytes
	c.mu.Unlock()
	if full {
		c.end(engineio.QueueFull)
		return engineio.ErrClosed
	}
	c.nudge()
	return nil
}

// Settle gives the client, whom the sockets have let in, its place.
func (c *client) Settle(user string) (cause string) {
	if cause = c.server.engine.Admission.Settle(&c.place, user); cause != "" {
		c.server.engine.Observer.HandshakeRefused(cause)
		return cause
	}
	c.settled.Store(true)
	return ""
}

func (c *client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close ends the client after what is queued, for which it has CloseGrace.
func (c *client) Close(reason engineio.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return
	}
	c.state, c.reason = closing, reason
	c.cutAt = time.AfterFunc(c.server.engine.CloseGrace, func() { c.end(reason) })
	c.nudge()
}

// CloseAt is Close when t has come.
func (c *client) CloseAt(t time.Time, reason engineio.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stop(c.closeAt)
	if c.closeAt = nil; !t.IsZero() && c.state == open {
		c.closeAt = time.AfterFunc(time.Until(t), func() { c.Close(reason) })
	}
}

// limitPolling gives a client its time to upgrade.
func (c *client) limitPolling() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open || c.server.engine.Polling != engineio.PollingUpgrade {
		return
	}
	c.upgradeBy = time.AfterFunc(c.server.upgradeWithin, c.hasPolled)
}

// hasPolled closes a client whose time to upgrade is over. A client whose WebSocket is just asking to take over gets as much time again, once.
func (c *client) hasPolled() {
	if c.session.Transport() != "polling" { // asked before c.mu is locked, as in beginUpgrade
		return
	}
	c.mu.Lock()
	again := c.upgrading && !c.spared && c.state == open
	if again {
		c.spared = true
		c.upgradeBy.Reset(c.server.upgradeWithin)
	}
	c.mu.Unlock()
	if !again {
		c.Close(engineio.NotUpgraded)
	}
}

// end is the only way out: it drops the queue and closes the connections. Then run tells the sockets. It waits for
// nothing: a broadcast calls it.
func (c *client) end(reason engineio.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	if c.state == open {
		c.reason = reason
	}
	c.state, c.queue = ended, nil
	for _, t := range []*time.Timer{c.closeAt, c.upgradeBy, c.cutAt} {
		stop(t)
	}
	close(c.over)
	for _, conn := range c.carriers {
		conn.Close()
	}
	c.carriers = nil
}

// start runs f, which ends soon after the client does, unless it has ended.
func (c *client) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != ended {
		c.server.running.Go(f)
	}
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}

// endReason is why it has ended.
func (c *client) endReason() engineio.Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

func (c *client) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == open
}

func (c *client) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == ended
}
