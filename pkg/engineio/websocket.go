package engineio

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// Close frames by status code, RFC 6455 section 7.4.1. The official server closes without a code
// whatever the reason, except for what the WebSocket layer itself refuses.
var (
	closeNormal   = newPacket(finClose, nil)
	closeProtocol = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusProtocolError, ""))
	closeNotUTF8  = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusInvalidFramePayloadData, ""))
	closeTooBig   = newPacket(finClose, ws.NewCloseFrameBody(ws.StatusMessageTooBig, ""))
)

// websocket carries a session over one connection. It is the connection's netpoll.Owner.
type websocket struct {
	session   *Session
	conn      *netpoll.Conn
	pending   *assembly      // nil between messages
	candidate *candidate     // asks to take over a session; nil once this carries one
	goodbyes  closeHandshake // Session.mu guards it

	// Only the reading side uses these.
	ignoring   bool // what still comes is dropped undecoded
	toldClosed bool // the receiver knows that the session is not open any more
}

// closeHandshake says which sides of a WebSocket have sent their close frame. When both have, the session ends.
type closeHandshake uint8

const (
	heardClose closeHandshake = 1 << iota // the client's close frame has come
	wroteClose                            // ours has been written, after all that was queued before it
)

// serveWebSocket answers the upgrade and has the connection listened to. net/http's goroutine ends
// here.
func serveWebSocket(s *Session, w http.ResponseWriter, r *http.Request) {
	conn, early, answer, err := accept(w, r)
	if err != nil {
		s.server.options.Observer.HandshakeRefused(CauseBadRequest)
		s.server.dismiss(s.place)
		return
	}
	c := newWebsocket(s, conn)
	c.open(answer, r)
	c.consumeBuffered(early)
	c.conn.Start()
}

// open answers a handshake, and tells the layer above.
func (c *websocket) open(answer *Packet, r *http.Request) {
	s := c.session
	s.server.options.Observer.SessionOpened()
	s.carrier = c
	// The answer is queued before Shutdown knows the session, and written after: whatever ends the
	// session takes it out again.
	s.outbox.enqueue([]*Packet{answer, s.server.openPacket(s.id)})
	if !s.server.register(s) {
		s.Close(ShuttingDown)
	}
	c.wake()
	s.startHeart()
	s.receiver = s.server.handler.Open(s, r)
}

func newWebsocket(s *Session, conn net.Conn) *websocket {
	c := &websocket{session: s, conn: new(netpoll.Conn)}
	s.server.poller.Init(c.conn, conn, c)
	c.conn.ShareTurns(s.crowd())
	return c
}

func (c *websocket) wake()      { c.conn.Wake() }
func (c *websocket) cut()       { c.conn.Cut() }
func (c *websocket) interrupt() { c.conn.Interrupt() }

func (c *websocket) shareTurns(crowd netpoll.Crowd) { c.conn.ShareTurns(crowd) }

func (c *websocket) last(_ Reason, closeFrame *Packet) *Packet { return closeFrame }

func (c *websocket) writable() bool           { return true }
func (c *websocket) upgradeBy() time.Duration { return 0 }
func (c *websocket) endBy() time.Duration     { return 0 }
func (c *websocket) claimUpgrade() *polling   { return nil }

func (c *websocket) serveRequest(w responder, r *http.Request) {
	c.session.server.refuse(w, r, CauseBadRequest)
}

// admits all: no request but an upgrade, which comes too late, can be for a WebSocket.
func (c *websocket) admits(*http.Request) bool { return true }

func (c *websocket) limit() int { return c.session.messageLimit() }

// Listening tells the receiver once the session is closing. What still comes is read all the same: closing
// with unread bytes would make the kernel discard what the client has not received yet.
func (c *websocket) Listening() bool {
	if c.candidate != nil {
		return !c.ignoring
	}
	if c.toldClosed || c.session.isOpen() {
		return true
	}
	c.toldClosed = true
	c.session.tellClosed()
	return c.startGrace()
}

// startGrace gives the client of a closing session CloseGrace from now. False means that the session has
// ended already.
func (c *websocket) startGrace() bool {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != closing {
		return false
	}
	c.conn.EndReadingAfter(s.server.options.CloseGrace)
	return true
}

// ReadFailed ends the session, unless it is closing: then the read was interrupted, and Listening tells the receiver.
func (c *websocket) ReadFailed() (again bool) {
	if c.toldClosed || c.candidate != nil {
		return false
	}
	c.session.lost()
	return true
}

// Gone is the end of a connection.
func (c *websocket) Gone() {
	if c.candidate != nil {
		c.candidate.gone()
		return
	}
	c.session.end(TransportClose)
	c.conn.Close()
	if c.pending != nil { // the wheel holds on to the session until its next beat would be due
		c.pending.drop()
		c.pending = nil
	}
	c.session.server.release()
}

// Take hands what waits to the writer.
func (c *websocket) Take() netpoll.Batch {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if b := c.session.outbox.take(); b != nil {
		return b
	}
	return nil // not a nil *batch
}

// Written says our side of the goodbye once the close frame is out.
func (c *websocket) Written(b netpoll.Batch) (more bool) {
	s := c.session
	s.mu.Lock()
	more = s.outbox.settle(b.(*batch))
	last := !more && s.state == closing
	s.mu.Unlock()
	if last && !c.sayGoodbye(wroteClose) {
		c.conn.CloseWrite()
	}
	return more
}

// WriteFailed ends the session: a connection that can't be written is of no use.
func (c *websocket) WriteFailed(b netpoll.Batch) {
	b.(*batch).free()
	c.session.end(TransportError)
}

// sayGoodbye notes one side of the goodbye, and ends the session when the other has been said before.
func (c *websocket) sayGoodbye(side closeHandshake) (both bool) {
	c.session.mu.Lock()
	c.goodbyes |= side
	both = c.goodbyes == heardClose|wroteClose
	c.session.mu.Unlock()
	if both {
		c.session.end(TransportClose)
	}
	return both
}

// consumeBuffered takes the bytes that came in one segment with the upgrade request.
func (c *websocket) consumeBuffered(b *bufio.Reader) {
	if b.Buffered() == 0 {
		return
	}
	data, _ := b.Peek(b.Buffered())
	c.Received(data)
}

// Received decodes the next bytes of the client.
func (c *websocket) Received(data []byte) {
	if c.ignoring {
		return
	}
	if c.conn.Crowd() != 0 { // its first second may be over
		c.shareTurns(c.session.crowd())
	}
	d := borrowDecoder()
	defer d.giveBack()
	a := c.pending
	if a == nil {
		a = &d.assembly
	}
	if err := a.feed(d, data, c); err != nil {
		c.fail(err)
	}
	switch {
	case c.ignoring || a.empty():
		a.drop()
		c.pending = nil
	case c.pending == nil:
		c.pending = &assembly{}
		*c.pending = *a
	}
	if c.candidate != nil && c.ignoring {
		c.conn.Interrupt() // for Listening to be asked
	}
}

// fail closes a session whose bytes can't be read on.
func (c *websocket) fail(err error) {
	c.ignoring = true
	switch {
	case c.candidate != nil: // it fails alone
	case errors.Is(err, errTooBig):
		c.session.server.options.OnTooLarge()
		c.session.close(c.session.tooBig(), closeTooBig)
	case errors.Is(err, errNotUTF8):
		c.session.close(TransportError, closeNotUTF8)
	default:
		c.session.close(TransportError, closeProtocol)
	}
}

// frame takes a message or a control frame of the client.
func (c *websocket) frame(opcode ws.OpCode, data []byte) bool {
	if c.candidate != nil {
		return c.candidate.frame(opcode, data)
	}
	switch opcode {
	case ws.OpClose:
		c.ignoring = true
		c.session.close(TransportClose, closeNormal)
		c.sayGoodbye(heardClose)
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
