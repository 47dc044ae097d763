package engineio

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// ErrClosed is returned by Send once a session is closing or closed.
var ErrClosed = errors.New("engineio: session closed")

// Session is one client's connection, whatever carries it. All methods may be called from any
// goroutine and return without waiting for the network.
type Session struct {
	server   *Server
	receiver Receiver
	id       string
	addr     netip.Addr
	turn     sync.Mutex // held while the receiver is called

	mu      sync.Mutex
	carrier carrier
	out     *batch // what waits for the flush loop; nil when nothing does
	queued  int    // what out costs, and what is being written
	state   state
	writing bool // somebody owns the writing side: the flush loop that will come, or a drain
	parted  parting
	reason  Reason
	pulse
}

// carrier moves a session's packets over the network. Its methods return at once.
type carrier interface {
	// wake has the queue written soon.
	wake()
	// last returns the packet that ends a session for this reason, where a WebSocket would send
	// this close frame. Nil means that the session ends at once.
	last(reason Reason, closeFrame *Packet) *Packet
	// interrupt has the receiver told that the session is closing. Session.mu is held.
	interrupt()
	// cut has reading and writing end; the receiver is told, unless it was.
	cut()
}

// parting is what has been said of a goodbye. When both sides have, the connection is cut.
type parting uint8

const (
	heardClose parting = 1 << iota // the client's close frame has come
	wroteClose                     // ours has been written, after all that was queued before it
)

// state only grows.
type state uint8

const (
	open    state = iota
	closing       // the last packet is queued; what the client says is ignored
	ended
)

// batch is a run of packets in the order they were sent.
type batch struct {
	packets []*Packet
	cost    int // of all packets, see Packet.Len
}

var batches = sync.Pool{New: func() any { return &batch{packets: make([]*Packet, 0, 16)} }}

// maxKeptBatch is how many packets a batch may have room for to be used again.
const maxKeptBatch = 1024

func (b *batch) free() {
	if cap(b.packets) > maxKeptBatch {
		return
	}
	clear(b.packets)
	b.packets, b.cost = b.packets[:0], 0
	batches.Put(b)
}

func newSession(server *Server, addr netip.Addr) *Session {
	return &Session{server: server, id: NewID(), addr: addr}
}

// ID returns the session's id. It is a secret of this client and the server.
func (s *Session) ID() string { return s.id }

// Addr returns the address of the client, as Options.ClientAddr tells it.
func (s *Session) Addr() netip.Addr { return s.addr }

// Send queues packets, contiguously and in order. It returns ErrClosed when the session is not
// open any more. A queue over SendQueueBytes ends the session with QueueFull.
func (s *Session) Send(packets ...*Packet) error {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return ErrClosed
	}
	wake, by := s.enqueue(packets), s.carrier
	full := s.queued > s.server.options.SendQueueBytes
	s.mu.Unlock()
	if full {
		s.end(QueueFull)
		return ErrClosed
	}
	if wake {
		by.wake()
	}
	return nil
}

// enqueue reports whether nobody writes yet, and the caller has to wake somebody. mu is held.
func (s *Session) enqueue(packets []*Packet) (wake bool) {
	if s.out == nil {
		s.out = batches.Get().(*batch)
	}
	s.out.packets = append(s.out.packets, packets...)
	for _, p := range packets {
		s.out.cost += p.Len()
		s.queued += p.Len()
	}
	wake = !s.writing
	s.writing = true
	return wake
}

// take hands what is queued to the writer, who calls settle after writing it.
func (s *Session) take() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.out
	s.out = nil
	return b
}

// settle gives a written batch back. It reports whether more has come; if not, the writing side is
// given up, and last tells that this was the end of a closing session.
func (s *Session) settle(b *batch) (more, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued -= b.cost
	b.free()
	if s.out != nil {
		return true, false
	}
	s.writing = false
	return false, s.state == closing
}

// part notes one side of the goodbye and ends the session when the other has been said before.
func (s *Session) part(side parting) (both bool) {
	s.mu.Lock()
	s.parted |= side
	both = s.parted == heardClose|wroteClose
	s.mu.Unlock()
	if both {
		s.end(TransportClose)
	}
	return both
}

// Close ends the session after what is queued has been written. Closing again does nothing: the
// first reason stays.
func (s *Session) Close(reason Reason) { s.close(reason, closeNormal) }

// close ends the session with a WebSocket close frame after what is queued.
func (s *Session) close(reason Reason, frame *Packet) {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	by := s.carrier
	goodbye := by.last(reason, frame)
	if goodbye == nil {
		s.mu.Unlock()
		s.end(reason)
		return
	}
	s.state = closing
	s.reason = reason
	wake := s.enqueue([]*Packet{goodbye})
	// Under the lock: lingers sets the deadline of the goodbye, which this must not overwrite.
	by.interrupt()
	s.mu.Unlock()
	if wake {
		by.wake()
	}
}

// end is the only way out: it drops the queue, cuts the connection and takes the session out of
// the server. The carrier then tells the Receiver and closes the connection. end itself
// waits for nothing: a broadcast calls it, for the member that reads too slowly.
func (s *Session) end(reason Reason) {
	s.mu.Lock()
	if s.state == ended {
		s.mu.Unlock()
		return
	}
	if s.state == open {
		s.reason = reason
	}
	s.state = ended
	if s.out != nil {
		s.out.free()
		s.out = nil
	}
	by := s.carrier
	s.mu.Unlock()
	by.cut()
	s.server.dismiss(s)
}

// lingers starts the goodbye of a closing session: its client has CloseGrace from now. False means
// that the session has ended already.
func (s *Session) lingers(c *websocket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != closing {
		return false
	}
	grace := s.server.options.CloseGrace
	if c.watched {
		time.AfterFunc(grace, c.cut)
	} else {
		c.conn.SetReadDeadline(time.Now().Add(grace))
	}
	return true
}

// lost ends a session whose connection can't be read any more, unless it is closing already.
func (s *Session) lost() {
	if s.isOpen() {
		s.end(TransportClose)
	}
}

func (s *Session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == open
}

func (s *Session) endReason() Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// tellClosed is the last that the receiver hears.
func (s *Session) tellClosed() {
	s.turn.Lock()
	defer s.turn.Unlock()
	reason := s.endReason()
	s.receiver.Closed(reason)
	s.receiver = nil // the wheel holds on to the session until its next beat would be due
	s.server.options.Observer.SessionClosed(reason)
}

// packet takes one packet of the client, whatever carried it. False means that the session is not
// open any more.
func (s *Session) packet(kind byte, payload []byte, err error) bool {
	switch {
	case err != nil:
		s.Close(ParseError)
	case kind == typeMessage:
		s.message(payload, false)
	case kind == typeBinary:
		s.message(payload, true)
	case kind == typePing: // only servers ping in v4
		s.Close(TransportError)
	default: // like Node: open, close, upgrade and noop mean nothing here
		s.heard(kind == typePong)
	}
	return s.isOpen()
}

// message passes a message on. Packets of one client may come by a POST and a WebSocket at once,
// around an upgrade; the receiver gets them one at a time all the same.
func (s *Session) message(data []byte, binary bool) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if !s.isOpen() {
		return
	}
	s.heard(false)
	s.receiver.Message(data, binary)
}

// Writable tells whether what is sent now goes out without waiting for anything that was sent
// before. For a session that polls it means that a request waits for packets.
func (s *Session) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.carrier.(*polling); ok && !p.getting {
		return false
	}
	return s.state == open && s.out == nil && !s.writing
}
