package engineio

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
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

// Server accepts Engine.IO clients. It is an http.Handler for the path they use.
type Server struct {
	handler Handler
	options Options

	mu       sync.Mutex
	sessions map[string]*Session
	admitted int // sessions, and handshakes that are about to be
	perIP    map[netip.Addr]int
	draining bool

	readers  sync.WaitGroup // one per session: alive until its Receiver was told Closed
	loops    sync.WaitGroup // flushers, wheel, workers and drains
	stop     chan struct{}  // closed when the last session is gone
	flushers []*flusher
	wheel    *wheel
	workers  workers

	readiness readiness
}

// New starts a server's loops. Shutdown ends them.
func New(h Handler, o Options) *Server {
	s := &Server{
		handler:  h,
		options:  o.withDefaults(),
		sessions: make(map[string]*Session),
		perIP:    make(map[netip.Addr]int),
		stop:     make(chan struct{}),
	}
	s.workers.init(s.stop, &s.loops)
	s.wheel = newWheel(min(s.options.PingInterval, s.options.PingTimeout))
	s.loops.Go(func() { s.wheel.run(s.stop) })
	for range flushLoops() {
		f := newFlusher()
		s.flushers = append(s.flushers, f)
		s.loops.Go(func() { f.run(s.stop) })
	}
	return s
}

// Sessions returns how many sessions are open.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// session returns the session of that id, or nil.
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

// admit makes room for a client, or says why there is none. What was admitted is dismissed once.
func (s *Server) admit(addr netip.Addr) (cause string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return CauseDraining
	case s.options.MaxConnections > 0 && s.admitted >= s.options.MaxConnections:
		return CauseMaximum
	case s.options.MaxConnectionsPerIP > 0 && s.perIP[addr] >= s.options.MaxConnectionsPerIP:
		return CauseMaximumByIP
	}
	s.admitted++
	if s.options.MaxConnectionsPerIP > 0 {
		s.perIP[addr]++
	}
	s.readers.Add(1)
	return ""
}

// register makes a session known to Shutdown, unless that has begun already.
func (s *Server) register(session *Session) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session.id] = session
	return !s.draining
}

// dismiss takes a session out. Only Session.end calls it, and a handshake that failed.
func (s *Server) dismiss(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session.id)
	s.admitted--
	if s.options.MaxConnectionsPerIP == 0 {
		return
	}
	if s.perIP[session.addr]--; s.perIP[session.addr] <= 0 {
		delete(s.perIP, session.addr)
	}
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
	go func() { s.readers.Wait(); close(gone) }() // below, Shutdown waits for it in any case
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
	s.stopLoops()
	return err
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

func (s *Server) stopLoops() {
	s.mu.Lock()
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.mu.Unlock()
	s.loops.Wait()
}
