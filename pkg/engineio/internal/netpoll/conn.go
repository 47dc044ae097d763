package netpoll

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a connection that a Poller attends to. It must not be copied.
type Conn struct {
	net.Conn
	owner   Owner
	raw     syscall.RawConn // of a connection of the kernel's, else nil
	flusher *flusher
	blocked *blockedWriter // writes in place of the flusher, if the connection can only be written blocking

	crowd     atomic.Uint64 // see ShareTurns
	attention atomic.Int32  // see the table below
	watched   atomic.Bool   // ready is called when there is something to read; until Start: may be
	readsOn   atomic.Bool   // on after a short read too: the peer has hung up, or sent urgent data, where reads stop
	paused    atomic.Bool   // nothing is read
	unread    atomic.Bool   // of a watched one: a read may find something. Who only has to be asked is spared one that finds nothing
}

// Attention makes sure that one worker at a time attends to a connection, and that no call of ready is
// missed. It counts calls:
//
//	attention   meaning                                      moved by
//	1, or more  not started: ready only counts               Init, to 1
//	0           nobody attends; it is in no worker's queue   Start, if ready was not called before;
//	                                                         the worker, if ready was not called since its last look
//	1, or more  queued, or a worker attends: ready only      ready, from 0 to 1, which queues it;
//	            counts, and the worker looks once more       Start, if ready was called before
//	stays > 0   gone, or not watched: a worker never comes   nobody

// polled is what the user of the engine knows as engineio.Polled.
type polled interface {
	net.Conn
	Notify(ready func())
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
}

// Init makes c the Conn of a connection. From now on Wake, Interrupt and Cut may be called.
func (p *Poller) Init(c *Conn, conn net.Conn, owner Owner) {
	c.Conn, c.owner, c.raw = conn, owner, rawOf(conn)
	c.flusher = p.flushers[int(p.opened.Add(1))%len(p.flushers)]
	if _, ok := conn.(polled); !ok && c.raw == nil {
		c.blocked = newBlockedWriter(c)
	}
	c.attention.Store(1)
	c.watched.Store(true)
	c.unread.Store(true)
}

func (c *Conn) poller() *Poller { return c.flusher.poller }

// IsKernels tells whether a connection is the kernel's own. A type that embeds one, to read and write otherwise,
// has all its methods too, and must not be passed by.
func IsKernels(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn, *socket:
		return true
	}
	return false
}

// Start has the connection listened to from now on: by workers whenever it has something to say, or by a
// goroutine that waits for it.
func (c *Conn) Start() {
	switch {
	case !c.poller().watch(c):
		c.watched.Store(false)
		c.poller().loops.Go(c.run)
	case !c.attention.CompareAndSwap(1, 0): // it has said something already
		c.poller().workers.do(c)
	}
}

// ShareTurns has the connection share its turns with all others of this crowd from now on: however many they are, together they get as many
// turns as any other crowd of the same standing. With zero it has turns of its own, as in the beginning.
func (c *Conn) ShareTurns(crowd Crowd) { c.crowd.Store(uint64(crowd)) }

// Crowd returns that of ShareTurns.
func (c *Conn) Crowd() Crowd { return Crowd(c.crowd.Load()) }

// Quiet tells whether nothing has come that has not been read, as far as is known. It is for connections that were started.
func (c *Conn) Quiet() bool { return c.attention.Load() == 0 }

// HandTo gives the connection to another owner, who hears what comes next. The owner of the moment calls it, in Received, and
// has nothing to write.
func (c *Conn) HandTo(owner Owner) { c.owner = owner }

// ReadNow hands the owner what has come already. It does not wait, and is for use before Start.
func (c *Conn) ReadNow() {
	r := borrowReading()
	defer r.giveBack()
	if c.tryRead(r); r.n > 0 {
		c.owner.Received(r.buffer[:r.n])
	}
	c.unread.Store(r.n == readSize || r.err != nil) // what comes from now on epoll tells at Start
}

// Watched tells whether workers attend to the connection. It is for use after Start.
func (c *Conn) Watched() bool { return c.watched.Load() }

// Pause has nothing read until Unpause: what the peer sends meanwhile waits with the kernel, and then with the peer. Listening is
// asked all the same. The reading side calls both. They are for connections that are watched.
func (c *Conn) Pause()   { c.paused.Store(true) }
func (c *Conn) Unpause() { c.paused.Store(false) }

// TurnAgainIfPaused is TurnAgain, for any goroutine: what it has done before is seen by whoever pauses, or it sees the pause.
func (c *Conn) TurnAgainIfPaused() {
	if c.paused.Load() {
		c.ready()
	}
}

// Wake has what the owner has waiting written soon.
func (c *Conn) Wake() {
	if c.blocked != nil {
		c.blocked.wake()
		return
	}
	c.flusher.add(c)
}

// TurnAgain has the connection wait for a turn once this one is over, so that Listening is asked though nothing may have come.
// The owner calls it in Received.
func (c *Conn) TurnAgain() { c.ready() }

// Interrupt has Listening asked soon, though nothing may have come.
func (c *Conn) Interrupt() {
	if c.watched.Load() {
		c.ready()
		return
	}
	c.SetReadDeadline(past)
}

// EndReadingAfter gives a connection some time. When it is over reads fail, and of watched connections
// writes too. It is called by Listening. The owner sees to it that Interrupt is not called at the same time: that
// sets the same deadline.
func (c *Conn) EndReadingAfter(d time.Duration) {
	if c.watched.Load() {
		time.AfterFunc(d, c.Cut)
		return
	}
	c.SetReadDeadline(time.Now().Add(d))
}

var past = time.Unix(1, 0)

// Cut has reading and writing fail from now on. Closing is left to the owner when it hears Gone, since
// that has to wait for those who use the connection.
func (c *Conn) Cut() {
	c.SetDeadline(past)
	c.readable()
}

// CloseWrite tells the peer that nothing more will come, where the connection can tell that.
func (c *Conn) CloseWrite() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// Release takes the connection from the poller and leaves it open. It is called in the place of Close. Nobody calls Cut any more.
func (c *Conn) Release() net.Conn {
	c.poller().unwatch(c)
	if self, ok := c.Conn.(polled); ok {
		self.Notify(func() {})
	}
	if c.blocked != nil {
		c.blocked.stop()
	}
	c.SetDeadline(time.Time{})
	return c.Conn
}

// Close closes the connection. It is called when the owner has heard Gone, or in the place of Start. Of
// TLS it closes the connection below: the goodbye of TLS was said by CloseWrite or comes too late, and
// would wait for a peer that does not read.
func (c *Conn) Close() error {
	c.poller().forget(c)
	if c.blocked != nil {
		c.blocked.stop()
	}
	if tls, ok := c.Conn.(interface{ NetConn() net.Conn }); ok {
		return tls.NetConn().Close()
	}
	return c.Conn.Close()
}
