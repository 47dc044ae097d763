package engineio

import (
	"sync"
	"sync/atomic"
)

// readiness has connections attended to when there is something to read. What it needs of the
// kernel is opened with the first connection that asks for it.
type readiness struct {
	opening sync.Mutex
	epoll   atomic.Pointer[epoll] // nil while there is none to be had: then a connection has a goroutine
}

// watch reports whether c.ready will be called. If not, somebody has to wait for c.
func (s *Server) watch(c *websocket) bool {
	if p, ok := c.pipe.(polledPipe); ok {
		p.Notify(c.ready)
		return true
	}
	if c.pipe == nil {
		return false
	}
	e := s.openEpoll()
	return e != nil && e.watch(c) == nil
}

// openEpoll returns nil when there is none to be had. The next connection tries again: the process
// may have been short of descriptors.
func (s *Server) openEpoll() *epoll {
	s.readiness.opening.Lock()
	defer s.readiness.opening.Unlock()
	if e := s.readiness.epoll.Load(); e != nil {
		return e
	}
	e, err := newEpoll()
	if err != nil {
		return nil
	}
	s.readiness.epoll.Store(e)
	s.loops.Go(e.run)
	s.loops.Go(func() { <-s.stop; e.close() })
	return e
}

// forget is called before a connection that is watched is closed.
func (s *Server) forget(c *websocket) {
	if e := s.readiness.epoll.Load(); e != nil {
		e.forget(c)
	}
}
