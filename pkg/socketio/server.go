package socketio

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Options configure a Server. The zero value is the official server's defaults.
type Options struct {
	// Engine configures the connections. A client is pending until it has joined its first namespace; before that it may
	// only send CONNECT.
	Engine engineio.Options
	// ConnectTimeout is how long a client may take to join its first namespace. Zero means 45 s.
	ConnectTimeout time.Duration
	// PendingTimeout is how long a client may take of it to ask for that namespace. Zero, or more, means ConnectTimeout.
	PendingTimeout time.Duration
	// NamespaceTimeout is how long a connection keeps its handshake after it has joined its first
	// namespace, for the middlewares of further ones. Who joins one with middlewares later is closed
	// with HandshakeReleased, and official clients come back with a new handshake and join all their
	// namespaces at once, as they do whenever they connect. With one namespace in all, and without
	// Dynamic, nothing is kept. Zero means 10 s, for clients whose auth function takes its time.
	NamespaceTimeout time.Duration
	// MaxAttachmentBytes bounds the attachments of one packet together, while they are waited for.
	// Zero means Engine.MaxPayload, and 1,000,000 without that.
	MaxAttachmentBytes int
	// Cluster is told what is addressed to more than this server's sockets. Nil means that this server
	// is alone. With one, a socket keeps what Broadcast.Sockets shows of its handshake: the text of its
	// headers and about 300 bytes.
	Cluster Cluster
	// Recovery has clients take up their sessions again. Nil means that who comes back is new.
	Recovery *Recovery
	// OnNoNamespace is called for each client that asks for a namespace that there is not. It may be called by many goroutines
	// and must not block. Nil does nothing.
	OnNoNamespace func()
	// Front, if not nil, is given what this server is to the engine, and returns what the engine gets in its place: it may keep
	// packets of some namespaces from this server, which are then somebody else's, and has to pass on all others.
	Front func(engineio.Handler) engineio.Handler
	// Logger is told of handlers that panic, once of each kind of packet that can't be read, and of namespaces
	// that clients ask for in vain. Nil means slog.Default().
	Logger *slog.Logger
}

// Server is a Socket.IO server: an http.Handler for the path of the clients ("/socket.io/").
type Server struct {
	options    Options
	engine     *engineio.Server
	rules      []rule
	releases   releases
	unreadable unreadable
	absent     absent
	recovery   *recovery               // nil without Recovery
	making     lockorder.Mutex[making] // held while a namespace is made or forgotten, and the Cluster told of it

	mu         lockorder.Mutex[Server]
	namespaces map[string]*Namespace
}

// making names Server.making in the order of locks.
type making struct{}

// NewServer starts a server without namespaces. Shutdown ends it.
func NewServer(o Options) *Server {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 45 * time.Second
	}
	if o.PendingTimeout == 0 || o.PendingTimeout > o.ConnectTimeout {
		o.PendingTimeout = o.ConnectTimeout
	}
	if o.NamespaceTimeout == 0 {
		o.NamespaceTimeout = 10 * time.Second
	}
	if o.MaxAttachmentBytes == 0 {
		o.MaxAttachmentBytes = cmp.Or(o.Engine.MaxPayload, 1_000_000)
	}
	if o.OnNoNamespace == nil {
		o.OnNoNamespace = func() {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{options: o, namespaces: make(map[string]*Namespace), releases: releases{after: o.NamespaceTimeout}}
	if o.Recovery != nil {
		s.recovery = newRecovery(*o.Recovery, cmp.Or(o.Engine.SendQueueBytes, 1<<20)/2)
	}
	handler := engineio.Handler((*engineHandler)(s))
	if o.Front != nil {
		handler = o.Front(handler)
	}
	s.engine = engineio.New(handler, o.Engine)
	return s
}

// Of returns the namespace of this name, which starts with a slash, and makes it on first use.
// Namespaces are made before the server serves.
func (s *Server) Of(name string) *Namespace {
	s.making.Lock()
	defer s.making.Unlock()
	if ns := s.named(name); ns != nil {
		return ns
	}
	ns := s.newNamespace(name)
	s.open(ns)
	return ns
}

func (s *Server) newNamespace(name string) *Namespace {
	ns := newNamespace(name, s.options.Cluster)
	ns.recovery, ns.rooms.recovery = s.recovery, s.recovery
	return ns
}

func (s *Server) named(name string) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.namespaces[name]
}

// ServeHTTP answers one handshake.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Door returns a listener for an http.Server that serves this server too: see [engineio.Server.Door].
func (s *Server) Door(l net.Listener, o engineio.DoorOptions) *engineio.Door {
	return s.engine.Door(l, o)
}

// Connections returns how many clients are connected.
func (s *Server) Connections() int { return s.engine.Sessions() }

// Drain refuses new clients from now on. Those that are connected go on.
func (s *Server) Drain() { s.engine.Drain() }

// Shutdown refuses new clients, writes what is queued, closes every connection without a
// DISCONNECT packet, so that the clients come back by themselves, and waits for all handlers. When
// ctx ends first, connections are cut off and its error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.releases.stop()
	if s.recovery != nil {
		defer s.recovery.absences.stop()
		s.recovery.interrupt()
	}
	return s.engine.Shutdown(ctx)
}

// engineHandler is the server as package engineio sees it: users of Server are not to call Open.
type engineHandler Server

func (h *engineHandler) Open(session *engineio.Session, r *http.Request) engineio.Receiver {
	return (*Server)(h).newConn(session, newHandshake(session, r))
}

// newConn takes in a client, which has PendingTimeout to ask for a namespace, and ConnectTimeout to join it.
func (s *Server) newConn(session Session, h *Handshake) *conn {
	if h.Issued.IsZero() {
		h.Issued = time.Now()
	}
	c := &conn{server: s, session: session, handshake: h}
	c.limit(h, s.options.PendingTimeout)
	if s.options.Cluster != nil {
		c.record = recordOf(h)
	}
	return c
}
