package engineio

import (
	"errors"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
	"github.com/socketgate/socketgate/pkg/lockorder"
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
	turn     lockorder.Mutex[turn] // held while the receiver is called
	opened   time.Duration         // on the clock of the wheel

	// Server.mu guards these.
	stranger bool          // its place is a pending one
	silent   time.Duration // since when, on the clock of the wheel
	seat     seat[Session] // among the strangers

	mu      lockorder.Mutex[Session] // guards what follows
	carrier carrier
	outbox  outbox
	place   Place
	state   state
	settled atomic.Bool // Settle was called, or makes no difference
	reason  Reason      // why it is not open any more
	pulse
}

// turn names Session.turn in the order of locks.
type turn struct{}

// carrier moves a session's packets over the network. Its methods return at once, but for serveRequest.
type carrier interface {
	// wake has the outbox written soon.
	wake()
	// cut has reading and writing end; the receiver is told, unless it was.
	cut()
	// serveRequest answers a request that is not an upgrade, or has it wait for its answer.
	serveRequest(w responder, r *http.Request)
	// shareTurns is told whom the client shares its turns with once it has been let in.
	shareTurns(netpoll.Crowd)
	// admits tells whether a request that names the session may come from its client.
	admits(r *http.Request) bool

	// What follows is called with Session.mu held.

	// last returns the packet that ends a session for this reason, where a WebSocket would send
	// this close frame. Nil means that the session ends at once.
	last(reason Reason, closeFrame *Packet) *Packet
	// interrupt has the receiver told that the session is closing.
	interrupt()
	// writable tells whether somebody is there to write a packet at once.
	writable() bool
	// upgradeBy is when the session is closed unless another carrier has it by then; zero means never.
	upgradeBy() time.Duration
	// endBy is when the wheel ends a closing session; zero means never.
	endBy() time.Duration
	// claimUpgrade takes the one place for a WebSocket that asks to carry the session instead. Nil means
	// that it is not to be had.
	claimUpgrade() *polling
}

// state only grows.
//
//	state    meaning                                            moved there by
//	open     packets are sent and heard                         newSession
//	closing  the last packet is queued and written after all    close, for the layer above, the wheel or Shutdown, or
//	         others; the receiver is told Closed; what the      after a fault or the goodbye of the client
//	         client says is dropped
//	ended    the outbox is dropped, the connection is cut, the  end, when the outbox is too full, the connection is
//	         session is out of the server's books; the          lost, or closing is over: the client has said its
//	         receiver is told Closed unless it was              goodbye too, or CloseGrace or Shutdown's time has passed
//
// The last to use the connection then closes it and calls Server.release: websocket.Gone, or the
// later of polling.farewell and polling.cut.
type state uint8

const (
	open state = iota
	closing
	ended
)

func newSession(server *Server, addr netip.Addr, p Place) *Session {
	s := &Session{server: server, id: NewID(), addr: addr, place: p, stranger: p.holder == nobody && server.options.Admission.pending.most > 0}
	s.settled.Store(server.options.PendingPayload == 0)
	s.opened = server.wheel.clock()
	return s
}

// ID returns the session's id. It is a secret of this client and the server.
func (s *Session) ID() string { return s.id }

// Addr returns the address of the client, as Options.ClientAddr tells it.
func (s *Session) Addr() netip.Addr { return s.addr }

// Send queues packets, contiguously and in order. It returns ErrClosed when the session is not
// open any more. A queue over SendQueueBytes ends the session with QueueFull; see there for what is larger by itself.
func (s *Session) Send(packets ...*Packet) error {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return ErrClosed
	}
	wake, by := s.outbox.enqueue(packets), s.carrier
	full := s.outbox.cost > s.queueLimit() && !s.bears(packets)
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

// Settle tells that the layer above has let the client in, as this user; empty is no user. From now on the bounds of
// pending sessions don't hold. A cause means that there is no place for it (see Admission.Settle): it has been counted, and
// the caller closes the session. Receivers call it.
func (s *Session) Settle(user string) (cause string) {
	s.mu.Lock()
	if s.state != ended { // or the place has been given back
		cause = s.server.options.Admission.Settle(&s.place, user)
	}
	s.mu.Unlock()
	if cause != "" {
		s.server.options.Observer.HandshakeRefused(cause)
		return cause
	}
	s.server.knows(s)
	s.settled.Store(true)
	s.carriedBy().shareTurns(s.crowd())
	return ""
}

// arriving is for how long a client that is let in shares its turns with others of its address who have just come too. A user who logs in
// and leaves thousands of times a second so never gets turns like those who stay. An honest client that comes back after a restart loses
// nothing by it: it is sent what it has missed.
const arriving = time.Second

// crowd is whom a client shares its turns with at the moment (see netpoll.Conn.ShareTurns): until it is known who it is, those of its
// address whom nobody knows, and then for a moment those whom somebody does. Zero is nobody.
func (s *Session) crowd() netpoll.Crowd {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.crowdNow()
}

// crowdNow is crowd with mu held.
func (s *Session) crowdNow() netpoll.Crowd {
	switch {
	case !s.settled.Load() && s.place.holder == nobody:
		return crowdOf(s.place.network)
	case s.server.wheel.clock()-s.opened < arriving:
		return crowdOf(s.place.network) | netpoll.Known
	}
	return 0
}

// messageLimit is the most bytes of a message.
func (s *Session) messageLimit() int { return s.limit(s.server.options.MaxPayload) }

// queueLimit is the most bytes that may wait for the client.
func (s *Session) queueLimit() int { return s.limit(s.server.options.SendQueueBytes) }

// limit is a bound in bytes as it holds for this session: until Settle is called no more than PendingPayload.
func (s *Session) limit(most int) int {
	if s.settled.Load() {
		return most
	}
	return min(s.server.options.PendingPayload, most)
}

// tooBig is why a session ends whose client says more than it may.
func (s *Session) tooBig() Reason {
	if s.settled.Load() {
		return TransportError
	}
	return TooMuchPending
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
	wake := s.outbox.enqueue([]*Packet{goodbye})
	// Under the lock: startGrace sets the deadline of the goodbye, which this must not overwrite.
	by.interrupt()
	s.mu.Unlock()
	if wake {
		by.wake()
	}
}

// end is the only way out: it drops the queue, cuts the connection and takes the session out of
// the server. The carrier then tells the Receiver and closes the connection. It waits for nothing:
// a broadcast calls it, for the member that reads too slowly.
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
	s.outbox.drop()
	by := s.carrier
	s.mu.Unlock()
	by.cut()
	s.server.wheel.remove(s)
	s.server.forget(s)
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

// carriedBy returns the carrier of the moment.
func (s *Session) carriedBy() carrier {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.carrier
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
	s.receiver = nil // a timer of CloseGrace may hold on to the session
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
	if s.settled.Load() {
		s.receiver.Message(data, binary)
		return
	}
	s.server.speaks(s)
	s.receiver.Message(data, binary)
	s.server.heard(s)
}

// Writable tells whether what is sent now goes out without waiting for anything that was sent
// before. For a session that polls it means that a request waits for packets.
func (s *Session) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == open && s.outbox.idle() && s.carrier.writable()
}
