package socketio

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Options configure a Server. The zero value is the official server's defaults.
type Options struct {
	// Engine configures the connections.
	Engine engineio.Options
	// ConnectTimeout is how long a client may take to join its first namespace. Zero means 45 s.
	ConnectTimeout time.Duration
	// MaxAttachmentBytes bounds the attachments of one packet together, while they are waited for.
	// Zero means Engine.MaxPayload, and 1,000,000 without that.
	MaxAttachmentBytes int
	// Logger is told of handlers that panic. Nil means slog.Default().
	Logger *slog.Logger
}

// Server is a Socket.IO server: an http.Handler for the path of the clients ("/socket.io/").
type Server struct {
	options Options
	engine  *engineio.Server
	rules   []rule

	mu         sync.Mutex
	namespaces map[string]*Namespace
}

// NewServer starts a server without namespaces. Shutdown ends it.
func NewServer(o Options) *Server {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 45 * time.Second
	}
	if o.MaxAttachmentBytes == 0 {
		o.MaxAttachmentBytes = cmp.Or(o.Engine.MaxPayload, 1_000_000)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{options: o, namespaces: make(map[string]*Namespace)}
	s.engine = engineio.New((*engineHandler)(s), o.Engine)
	return s
}

// Of returns the namespace of this name, which starts with a slash, and makes it on first use.
// Namespaces are made before the server serves.
func (s *Server) Of(name string) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ns, ok := s.namespaces[name]; ok {
		return ns
	}
	ns := newNamespace(name)
	s.namespaces[name] = ns
	return ns
}

// ServeHTTP answers one handshake.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Connections returns how many clients are connected.
func (s *Server) Connections() int { return s.engine.Sessions() }

// Drain refuses new clients from now on. Those that are connected go on.
func (s *Server) Drain() { s.engine.Drain() }

// Shutdown refuses new clients, writes what is queued, closes every connection without a
// DISCONNECT packet, so that the clients come back by themselves, and waits for all handlers. When
// ctx ends first, connections are cut off and its error is returned.
func (s *Server) Shutdown(ctx context.Context) error { return s.engine.Shutdown(ctx) }

// engineHandler keeps the engine's interface out of Server's.
type engineHandler Server

func (h *engineHandler) Open(session *engineio.Session, r *http.Request) engineio.Receiver {
	s := (*Server)(h)
	session.CloseAt(time.Now().Add(s.options.ConnectTimeout), ConnectTimeout)
	return &conn{server: s, session: session, handshake: newHandshake(session, r)}
}
