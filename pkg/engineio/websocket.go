package engineio

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// Close frames by status code, RFC 6455 section 7.4.1. The official server closes without a code
// whatever the reason, except for what the WebSocket layer itself refuses.
var (
	closeNormal   = newPacket(finClose, nil)
	closeProtocol = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusProtocolError, ""))
	closeNotUTF8  = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusInvalidFramePayloadData, ""))
	closeTooBig   = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusMessageTooBig, ""))
)

// websocket carries a session over one connection.
type websocket struct {
	session *Session
	conn    net.Conn
	pipe    pipe          // nil if the connection can only be waited for
	flusher *flusher      // writes by the pipe
	blocked *blockedWrite // writes otherwise
	pending *assembly     // nil between messages
	probe   *probe        // asks to take over a session; nil once it carries one
	calls   atomic.Int32  // of ready since a worker began to attend; zero: none does
	watched bool          // ready will be called when there is something to read, or may be: begin finds out; Session.mu guards changes
	readOn  atomic.Bool   // after a short read too: the peer has hung up, or sent urgent data, where reads stop
	deaf    bool          // what still comes is dropped undecoded
	told    bool          // the receiver, that the session is closed
}

// serveWebSocket answers the upgrade and has the connection listened to. net/http's goroutine ends
// here.
func serveWebSocket(s *Session, w http.ResponseWriter, r *http.Request) {
	conn, early, answer, err := accept(w, r)
	if err != nil {
		s.server.options.Observer.HandshakeRefused(CauseBadRequest)
		s.server.dismiss(s)
		s.server.readers.Done()
		return
	}
	s.server.options.Observer.SessionOpened()
	c := newWebsocket(s, conn)
	s.carrier = c
	// The answer is queued before Shutdown knows the session, and written after: whatever ends the
	// session takes it out again.
	s.enqueue([]*Packet{answer, s.server.openPacket(s.id)})
	if !s.server.register(s) {
		s.Close(ShuttingDown)
	}
	c.wake()
	s.startHeart()
	s.receiver = s.server.handler.Open(s, r)
	c.consumeBuffered(early)
	c.begin()
}

func newWebsocket(s *Session, conn net.Conn) *websocket {
	c := &websocket{session: s, conn: conn, pipe: newPipe(conn), watched: true}
	c.calls.Store(1) // until begin nobody attends
	if c.pipe != nil {
		c.flusher = s.server.flusherOf(s)
	} else {
		c.blocked = newBlockedWrite(c)
	}
	return c
}

// begin has the connection listened to from now on: by workers whenever it has something to say, or
// by a goroutine that waits for it.
func (c *websocket) begin() {
	switch {
	case !c.session.server.watch(c):
		c.session.mu.Lock()
		c.watched = false
		c.session.mu.Unlock()
		go c.run()
	case !c.calls.CompareAndSwap(1, 0): // it has said something already
		c.session.server.workers.do(c)
	}
}

// run is the goroutine of a connection that is not watched.
func (c *websocket) run() {
	c.hear()
	c.leave()
}

// ready has a worker attend to the connection: it has bytes to read, or its session is closing. It
// returns at once.
func (c *websocket) ready() {
	if c.calls.Add(1) == 1 {
		c.session.server.workers.do(c)
	}
}

// attend is called on a worker. What is called ready meanwhile is looked at before it returns.
func (c *websocket) attend() {
	for {
		calls := c.calls.Load()
		switch c.hear() {
		case gone:
			c.leave()
			return // nobody comes again: calls is not zero
		case busy:
			c.session.server.workers.do(c)
			return
		}
		if c.calls.CompareAndSwap(calls, 0) {
			return
		}
	}
}

// fairShare is how many reads a connection has before others have their turn.
const fairShare = 16

// hearing is how listening to a connection has ended, for now or for good.
type hearing uint8

const (
	silent hearing = iota // there is nothing more at the moment
	busy                  // there may be more, but it's the turn of others
	gone                  // nothing will come any more
)

// hear passes on what the client says. Once the session is closing it tells the receiver, and then
// drops what still comes: closing with unread bytes would make the kernel discard what the client
// has not received yet.
func (c *websocket) hear() hearing {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	for reads := 0; !c.watched || reads < fairShare; reads++ {
		if !c.told && !c.session.isOpen() {
			c.told = true
			c.session.tellClosed()
			if !c.session.lingers(c) {
				return gone
			}
		}
		if c.watched {
			c.pipe.read(r)
		} else {
			readBlocking(c.conn, r)
		}
		switch {
		case r.n > 0:
			c.decode(r, r.buffer[:r.n])
			if c.watched && r.err == nil && r.n < readSize && !c.readOn.Load() {
				return silent // a short read has emptied the socket, epoll(7); what comes now is told anew
			}
		case r.err == nil:
			return silent
		case c.told:
			return gone
		default: // unless the session is closing, which woke us
			c.session.lost()
		}
	}
	return busy
}

// leave is the end of a connection.
func (c *websocket) leave() {
	c.session.end(TransportClose)
	if c.watched {
		c.session.server.forget(c)
	}
	c.release()
	c.pending = nil // the wheel holds on to the session until its next beat would be due
	c.session.server.readers.Done()
}

var past = time.Unix(1, 0)

// interrupt has the closing session seen by whoever listens.
func (c *websocket) interrupt() {
	if c.watched {
		c.ready()
		return
	}
	c.conn.SetReadDeadline(past)
}

func (c *websocket) last(_ Reason, closeFrame *Packet) *Packet { return closeFrame }

// cut has reading and writing fail from now on. Closing is left to the one who listens, since it has
// to wait for those who use the connection.
func (c *websocket) cut() {
	c.conn.SetDeadline(past)
	c.ready()
}

// release closes the connection, of TLS the one below: its goodbye has been said by flushed or
// comes too late, and would wait for a peer that does not read.
func (c *websocket) release() {
	if c.blocked != nil {
		c.blocked.stop()
	}
	if tls, ok := c.conn.(interface{ NetConn() net.Conn }); ok {
		tls.NetConn().Close()
		return
	}
	c.conn.Close()
}

// consumeBuffered takes the bytes that came in one segment with the upgrade request.
func (c *websocket) consumeBuffered(b *bufio.Reader) {
	if b.Buffered() == 0 {
		return
	}
	r := readings.Get().(*reading)
	defer readings.Put(r)
	data, _ := b.Peek(b.Buffered())
	c.decode(r, data)
}

// decode takes the next bytes of the client.
func (c *websocket) decode(r *reading, data []byte) {
	if c.deaf {
		return
	}
	a := c.pending
	if a == nil {
		a = &r.assembly
	}
	if err := a.feed(r, data, c.session.server.options.MaxPayload, c); err != nil {
		c.fail(err)
	}
	switch {
	case c.deaf || a.empty():
		c.pending = nil
	case c.pending == nil:
		c.pending = &assembly{}
		*c.pending = *a
	}
	r.release()
}

// fail closes a session whose bytes can't be read on.
func (c *websocket) fail(err error) {
	c.deaf = true
	switch {
	case c.probe != nil: // it fails alone
	case errors.Is(err, errTooBig):
		c.session.close(TransportError, closeTooBig)
	case errors.Is(err, errNotUTF8):
		c.session.close(TransportError, closeNotUTF8)
	default:
		c.session.close(TransportError, closeProtocol)
	}
}

// frame takes a message or a control frame of the client.
func (c *websocket) frame(opcode ws.OpCode, data []byte) bool {
	if c.probe != nil {
		return c.probe.frame(opcode, data)
	}
	switch opcode {
	case ws.OpClose:
		c.deaf = true
		c.session.close(TransportClose, closeNormal)
		c.session.part(heardClose)
		return false
	case ws.OpPing:
		c.session.Send(newPacket(finPong, data))
	case ws.OpText:
		kind, payload, err := decodeText(data)
		c.session.packet(kind, payload, err)
	case ws.OpBinary:
		c.session.message(data, true)
	}
	return true
}
