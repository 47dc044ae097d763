package engineio

import "sync"

// readiness has connections attended to when there is something to read. What it needs of the
// kernel is opened with the first connection that asks for it.
type readiness struct {
	once  sync.Once
	epoll *epoll // nil when there is none to be had: then each connection has a goroutine
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
	s.readiness.once.Do(s.openEpoll)
	return s.readiness.epoll != nil && s.readiness.epoll.watch(c) == nil
}

func (s *Server) openEpoll() {
	e, err := newEpoll()
	if err != nil {
		return
	}
	s.readiness.epoll = e
	s.loops.Go(e.run)
	s.loops.Go(func() { <-s.stop; e.close() })
}

// forget is called before a connection that is watched is closed.
func (s *Server) forget(c *websocket) {
	if s.readiness.epoll != nil {
		s.readiness.epoll.forget(c)
	}
}
