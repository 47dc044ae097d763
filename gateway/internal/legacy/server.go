package legacy

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/googollee/go-socket.io/engineio/transport/websocket"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Options configure a Server.
type Options struct {
	// Sockets is where the clients go.
	Sockets *socketio.Server
	// Engine is what Sockets was made with. With the same Admission, both count their clients together;
	// without one, each counts its own.
	Engine engineio.Options
	// Logger is told of transports that panic. Nil means slog.Default().
	Logger *slog.Logger
}

// Server serves old clients. It is an http.Handler for the requests that it Takes.
type Server struct {
	options   Options
	engine    engineio.Options
	webSocket websocket.Transport
	// upgradeWithin is how long a client may stay with polling where that is only the way to a WebSocket.
	upgradeWithin time.Duration

	mu       lockorder.Mutex[Server]
	clients  map[string]*client
	draining bool

	running sync.WaitGroup // two per client: who reads and who writes
}

// New makes a server. Shutdown ends it.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{
		options:       o,
		engine:        o.Engine.WithDefaults(),
		upgradeWithin: engineio.UpgradeTimeout,
		clients:       make(map[string]*client),
	}
	s.webSocket.CheckOrigin = func(*http.Request) bool { return true } // Takes has asked Allow
	return s
}

// Takes tells whether a request is for this server: a handshake without a fault whose EIO is not 4,
// or a request of one of its sessions. What it does not take is for the current engine, which has
// the official answer to every fault, and to preflights.
func (s *Server) Takes(r *http.Request) bool {
	query := r.URL.Query()
	transport := query.Get("transport")
	switch {
	case query.Get("EIO") == "4", query.Has("j"), !s.engine.Allow(r),
		isUpgrade(r) != (transport == "websocket"), transport != "websocket" && transport != "polling":
		return false
	case query.Has("sid"):
		return (r.Method == http.MethodGet || r.Method == http.MethodPost && !isUpgrade(r)) && s.client(query.Get("sid")) != nil
	}
	return r.Method == http.MethodGet && (transport == "websocket" || s.engine.Polling != engineio.PollingOff)
}

func isUpgrade(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// ServeHTTP answers a request that the server Takes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.engine.CORS.SetHeaders(w.Header(), r)
	id := r.URL.Query().Get("sid")
	c := s.client(id)
	if c != nil && c.settled.Load() {
		s.engine.Settled(r)
	}
	switch {
	case id == "":
		s.handshake(w, r)
	case c == nil: // it has ended since Takes
		s.refuse(w, r, engineio.CauseSession)
	case !c.bound.Admits(r, s.engine.Identify):
		s.refuse(w, r, engineio.CauseIdentity)
	case isUpgrade(r):
		c.upgrade(w, r)
	default:
		c.poll(w, r)
	}
}

// Connections returns how many clients are connected.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// Drain refuses new clients from now on. Those that are connected go on.
func (s *Server) Drain() { s.drain() }

// Shutdown refuses new clients, closes every connection once its queue is written, without a
// DISCONNECT packet, so that the clients come back by themselves, and waits for them. When ctx ends
// first, connections are cut off and its error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.drain() {
		c.Close(engineio.ShuttingDown)
	}
	gone := make(chan struct{})
	go func() { s.running.Wait(); close(gone) }() // below, Shutdown waits for it in any case
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		for _, c := range s.drain() {
			c.end(engineio.ShuttingDown)
		}
		<-gone
		return ctx.Err()
	}
}

func (s *Server) drain() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	all := make([]*client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	return all
}

func (s *Server) client(id string) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[id]
}

// admit gives a client a place, or says why there is none. A client that becomes none is released.
func (s *Server) admit(addr netip.Addr, user string) (p engineio.Place, cause string) {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	if draining {
		return p, engineio.CauseDraining
	}
	return s.engine.Admission.Admit(addr, user)
}

// register makes a client known and starts it, unless Shutdown has begun.
func (s *Server) register(c *client) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.clients[c.id] = c
	s.running.Go(c.run)
	s.running.Go(c.write)
	return true
}

func (s *Server) forget(c *client) {
	s.mu.Lock()
	delete(s.clients, c.id)
	s.mu.Unlock()
	s.engine.Admission.Release(c.place)
}
