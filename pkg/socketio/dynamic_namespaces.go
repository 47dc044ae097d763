package socketio

// Bounds of what clients can make by naming namespaces.
const (
	// maxNamespaces is how many namespaces a server may have at a time for a rule to make another one.
	maxNamespaces = 10_000
	// maxJoined is how many namespaces one connection may be in.
	maxJoined = 100
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
	full := len(c.sockets) >= maxJoined
	c.mu.Unlock()
	if full {
		return nil
	}
	if ns := c.server.use(name); ns != nil {
		return ns
	}
	for _, r := range c.server.rules {
		if r.match(name) {
			return c.server.establish(name, r.setup)
		}
	}
	return nil
}

// use counts a user of a namespace. It returns nil when there is none of this name.
func (s *Server) use(name string) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	ns := s.namespaces[name]
	if ns != nil {
		ns.users++
	}
	return ns
}

// establish is use of a namespace that is made if there is none. It returns nil when there are too many.
func (s *Server) establish(name string, setup func(*Namespace)) *Namespace {
	made := s.newNamespace(name)
	made.temporary, made.users = true, 1
	setup(made)
	s.making.Lock()
	defer s.making.Unlock()
	if ns := s.use(name); ns != nil { // another client was faster
		return ns
	}
	if s.count() >= maxNamespaces {
		return nil
	}
	s.open(made)
	return made
}

// open makes a namespace known. making is held, so that the Cluster hears of namespaces in the order
// in which they come and go.
func (s *Server) open(ns *Namespace) {
	if s.options.Cluster != nil {
		s.options.Cluster.Open(ns)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.namespaces[ns.name] = ns
}

// release ends what use began.
func (s *Server) release(ns *Namespace) {
	s.mu.Lock()
	ns.users--
	unused := ns.temporary && ns.users == 0
	s.mu.Unlock()
	if unused {
		s.forget(ns)
	}
}

// forget takes a namespace out, unless it has a user again or was taken out already.
func (s *Server) forget(ns *Namespace) {
	s.making.Lock()
	defer s.making.Unlock()
	s.mu.Lock()
	forgotten := ns.users == 0 && s.namespaces[ns.name] == ns
	if forgotten {
		delete(s.namespaces, ns.name)
	}
	s.mu.Unlock()
	if forgotten && s.options.Cluster != nil {
		s.options.Cluster.Close(ns)
	}
}

func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.namespaces)
}

// only tells whether there is no other namespace that a client could join. Behind a Front there may be.
func (s *Server) only(ns *Namespace) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options.Front == nil && len(s.rules) == 0 && len(s.namespaces) == 1 && s.namespaces[ns.name] == ns
}
