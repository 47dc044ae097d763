package engineio

import (
	"context"
	"net/http"
	"net/netip"
	"sync"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Handler is told of each session once. Neither it nor its Receivers may panic.
type Handler interface {
	// Open is called when a session begins, before any of its messages. What it sends follows the
	// open packet. The request is the handshake's; it must not be kept, and its body not be read.
	// The Receiver it returns must not be nil.
	Open(s *Session, r *http.Request) Receiver
}

// Receiver takes what one session says. Its methods are called one at a time, in order; while one
// runs, only that session waits.
type Receiver interface {
	// Message delivers one message. Data belongs to the engine and is valid until Message returns.
	Message(data []byte, binary bool)
	// Closed is called exactly once, after the last Message. What is sent now goes nowhere.
	Closed(reason Reason)
}

// Upgrader is a Receiver that wants to know when its session, which began with polling, goes on by a WebSocket. The call is one of
// those that come one at a time: what came by polling is before it, what comes by the WebSocket behind it.
type Upgrader interface{ Upgraded() }

// Server accepts Engine.IO clients. It is an http.Handler for the path they use.
type Server struct {
	handler Handler
	options Options

	mu        lockorder.Mutex[Server]
	sessions  map[string]*Session
	draining  bool
	retired   bool // the doors are
	doors     []*Door
	strangers strangers

	ledger ledger

	held sync.WaitGroup // what Shutdown waits for: see acquire

	poller *netpoll.Poller // outlives what is held
	wheel  *wheel          // so does this
}

// New starts a server's goroutines. Shutdown ends them.
func New(h Handler, o Options) *Server {
	s := &Server{
		handler:   h,
		options:   o.WithDefaults(),
		sessions:  make(map[string]*Session),
		poller:    netpoll.New(),
		strangers: strangers{least: leastSilence},
	}
	s.wheel = newWheel(min(s.options.PingInterval, s.options.PingTimeout))
	return s
}

// Sessions returns how many sessions are open.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// session returns the session of that id, or nil when there is none or its time is over.
func (s *Server) session(id string) *Session {
	session := s.registered(id)
	if session == nil {
		return nil
	}
	session.expire()
	return s.registered(id)
}

func (s *Server) registered(id string) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// admit makes room for a client and acquires what is held for it, or says why not. Then either a session
// is registered, whose end gives both back, or dismiss does.
func (s *Server) admit(addr netip.Addr, user string) (p Place, cause string) {
	s.mu.Lock()
	draining := s.draining
	if !draining {
		s.acquire()
	}
	s.mu.Unlock()
	if draining {
		return p, CauseDraining
	}
	p, cause = s.options.Admission.Admit(addr, user)
	if (cause == CausePendingByIP || cause == CausePending) && s.makeRoom(addr) {
		p, cause = s.options.Admission.Admit(addr, user)
	}
	if cause != "" {
		s.release()
	}
	return p, cause
}

// dismiss takes back what admit gave, of a handshake that failed.
func (s *Server) dismiss(p Place) {
	s.options.Admission.Release(p)
	s.release()
}

// acquire counts one more that Shutdown waits for: a session, from its admission until its Receiver has
// been told Closed and its connection is closed; or a WebSocket that asks to carry a session. Whoever acquires
// holds one already, or holds mu and has seen that the server does not drain: so Shutdown still waits.
func (s *Server) acquire() { s.held.Add(1) }

// release is called once for each acquire.
func (s *Server) release() { s.held.Done() }

// register makes a session known to Shutdown, unless that has begun already.
func (s *Server) register(session *Session) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session.id] = session
	if session.stranger {
		s.awaits(session)
	}
	return !s.draining
}

// forget takes a session out of the books and gives its place back. Only Session.end calls it.
func (s *Server) forget(session *Session) {
	s.mu.Lock()
	delete(s.sessions, session.id)
	s.strangers.leave(&session.seat, session.place.network)
	s.mu.Unlock()
	s.options.Admission.Release(session.place)
}

// Drain refuses new sessions from now on. Those that are open go on.
func (s *Server) Drain() { s.drain() }

// Shutdown refuses new sessions, closes those that are open once their queues are written, and
// waits for all of them and for every goroutine of the server. No DISCONNECT is sent, so official
// clients come back by themselves. When ctx ends first, what is left is cut off, and the error is
// that of ctx. It waits for Receivers that are at work even then.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, session := range s.drain() {
		session.Close(ShuttingDown)
	}
	gone := make(chan struct{})
	go func() { s.held.Wait(); close(gone) }() // below, Shutdown waits for it in any case
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = ctx.Err()
		for _, session := range s.drain() {
			session.end(ShuttingDown)
		}
		<-gone
	}
	for _, d := range s.retireDoors() {
		d.wait(ctx.Done())
	}
	s.wheel.close()
	s.poller.Close()
	return err
}

// retireDoors has whoever comes go on to net/http.
func (s *Server) retireDoors() []*Door {
	s.mu.Lock()
	s.retired = true
	doors := s.doors
	s.mu.Unlock()
	for _, d := range doors {
		d.retire()
	}
	return doors
}

func (s *Server) drain() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	open := make([]*Session, 0, len(s.sessions))
	for _, session := range s.sessions {
		open = append(open, session)
	}
	return open
}
