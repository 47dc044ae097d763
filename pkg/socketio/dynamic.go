package socketio

// Bounds of what clients can make by naming namespaces.
const (
	// maxDynamic is how many namespaces made by rules a server may have at a time.
	maxDynamic = 10_000
	// maxNamespaces is how many namespaces one connection may be in.
	maxNamespaces = 100
)

// rule makes the namespaces whose names it matches.
type rule struct {
	match func(name string) bool
	setup func(*Namespace)
}

// Dynamic has namespaces made when a client asks for one that is not there and whose name matches:
// setup registers the handlers of the new one. It is forgotten when its last socket has left. There
// are at most 10,000 at a time; more are "Invalid namespace", as names are that nothing matches.
// Rules are asked in the order of these calls, which are made before the server serves.
func (s *Server) Dynamic(match func(name string) bool, setup func(*Namespace)) {
	s.rules = append(s.rules, rule{match, setup})
}

// acquire returns the namespace that a client asks for, or nil. What it returns is released once.
func (c *conn) acquire(name string) *Namespace {
	c.mu.Lock()
	full := len(c.sockets) >= maxNamespaces
	c.mu.Unlock()
	if full {
		return nil
	}
	if ns := c.server.use(name, nil); ns != nil {
		return ns
	}
	for _, r := range c.server.rules {
		if r.match(name) {
			made := newNamespace(name)
			made.dynamic = true
			r.setup(made)
			return c.server.use(name, made)
		}
	}
	return nil
}

// use counts a user of a namespace. Made takes its place if there is none, and there is room.
func (s *Server) use(name string, made *Namespace) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	ns := s.namespaces[name]
	if ns == nil {
		if made == nil || len(s.namespaces) >= maxDynamic {
			return nil
		}
		ns = made
		s.namespaces[name] = ns
	}
	ns.users++
	return ns
}

func (s *Server) release(ns *Namespace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ns.users--; ns.dynamic && ns.users == 0 {
		delete(s.namespaces, ns.name)
	}
}

// has tells whether a namespace is there.
func (s *Server) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.namespaces[name] != nil
}

// only tells whether there is no other namespace that a client could join.
func (s *Server) only(ns *Namespace) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rules) == 0 && len(s.namespaces) == 1 && s.namespaces[ns.name] == ns
}
