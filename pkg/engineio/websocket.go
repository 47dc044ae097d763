package engineio

import (
	"bufio"
	"errors"
	"net"
	"net/http"
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

// upgradeTimeout is how long the answer to an upgrade may take to write.
const upgradeTimeout = 10 * time.Second

// websocket carries a session over one connection.
type websocket struct {
	session *Session
	conn    net.Conn
	pipe    pipe
	flusher *flusher      // writes, where that can be done without blocking
	blocked *blockedWrite // writes otherwise
	pending *assembly     // nil between messages
	deaf    bool          // what still comes is dropped undecoded
	probe   *probe        // asks to take over a session; nil once it carries one
}

// serveWebSocket answers the upgrade and leaves the session to its own goroutine: net/http's has
// grown a deep stack by now, and ends here.
func serveWebSocket(s *Session, w http.ResponseWriter, r *http.Request) {
	conn, buffered, _, err := ws.HTTPUpgrader{Timeout: upgradeTimeout}.Upgrade(r, w)
	if err != nil {
		s.server.options.Observer.HandshakeRefused(CauseBadRequest)
		if conn != nil {
			conn.Close()
		}
		s.server.dismiss(s)
		s.server.readers.Done()
		return
	}
	s.server.options.Observer.SessionOpened()
	c := newWebsocket(s, conn)
	s.carrier = c
	// Before anything else can end the session: end takes it out again.
	if !s.server.register(s) {
		s.Close(ShuttingDown)
	}
	s.Send(s.server.openPacket(s.id))
	s.startHeart()
	s.receiver = s.server.handler.Open(s, r)
	c.consumeBuffered(buffered.Reader)
	go c.run()
}

func newWebsocket(s *Session, conn net.Conn) *websocket {
	c := &websocket{session: s, conn: conn, pipe: newPipe(conn)}
	if c.pipe.direct() {
		c.flusher = s.server.flusherOf(s)
	} else {
		c.blocked = newBlockedWrite(c)
	}
	return c
}

// run is the one goroutine of a connection. It stays shallow: what needs a stack is done by workers.
func (c *websocket) run() {
	defer c.session.server.readers.Done()
	c.listen()
	c.farewell()
	c.session.end(TransportClose)
	c.release()
	c.pending = nil // the wheel holds on to the session until its next beat would be due
}

// listen passes on what the client says until the session is not open any more.
func (c *websocket) listen() {
	for c.session.isOpen() {
		r := c.pipe.read(c.conn)
		r.carrier = c
		c.session.server.workers.do(r)
		readings.Put(r)
	}
}

// farewell tells the receiver, and then gives a closing session its time to receive what is queued
// for it. What the client still says is read and dropped: closing with unread bytes would make
// the kernel discard what the client has not received yet.
func (c *websocket) farewell() {
	c.session.tellClosed()
	if !c.session.lingers(c) {
		return
	}
	for heard := true; heard; {
		r := c.pipe.read(c.conn)
		if heard = r.err == nil; heard {
			c.decode(r, r.buffer[:r.n])
		}
		readings.Put(r)
	}
}

var past = time.Unix(1, 0)

// interrupt wakes the reader.
func (c *websocket) interrupt() { c.conn.SetReadDeadline(past) }

func (c *websocket) last(_ Reason, closeFrame *Packet) *Packet { return closeFrame }

// cut has reading and writing fail from now on. Closing is left to the reader, since it has to
// wait for those who use the connection.
func (c *websocket) cut() { c.conn.SetDeadline(past) }

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

// consume is called on a worker with what was just read, or with the end of it.
func (c *websocket) consume(r *reading) {
	switch {
	case r.err == nil:
		c.decode(r, r.buffer[:r.n])
	case c.session.isOpen():
		c.session.end(TransportClose)
	}
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
	r.assembly = assembly{}
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
