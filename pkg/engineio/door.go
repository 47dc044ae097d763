package engineio

import (
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// DoorOptions configure a Door.
type DoorOptions struct {
	// Takes tells whether a request of this protocol, seen by its path, is for the Server. What is not goes on to
	// net/http. It must be there.
	Takes func(*http.Request) bool
	// Arrive is asked about each connection that is accepted. If it returns false, the Door cuts the connection of the same address that
	// has taken longest for its head, unless that is the server's fault, and asks once more. After a second false, or with none to cut,
	// the new connection is closed, with 503 if it has asked for anything. Nil lets all in.
	//
	// The mark is the caller's. Depart gets it when the Door has done with the connection: it belongs to a WebSocket, or is closed. A
	// connection that goes on to net/http keeps its mark (Passed.Mark), and Depart is not called.
	Arrive func(net.Conn) (mark any, ok bool)
	Depart func(mark any)
	// Hear is told of each request of long-polling that the Door serves, before its body is read; a cause refuses it, and ends its
	// connection. Heard is told when the body has come, or won't. Who has nothing to count leaves them nil.
	Hear  func(mark any, r *http.Request) (cause string)
	Heard func(mark any)
	// Proxied tells of a mark whether the connection comes from a proxy that CountedAddr believes: whom it is for is known once the
	// head of a request is read. The first is read as soon as the connection is accepted, so that clients wait for nobody but those of
	// their own address. Nil means that nothing comes from proxies.
	Proxied func(mark any) bool
	// HeaderTimeout is how long a client may take for the head of its request, and for the first one from being accepted on. Zero
	// means 10 s.
	HeaderTimeout time.Duration
	// IdleTimeout is how long a connection may wait for its next request. Zero means 1 min.
	IdleTimeout time.Duration
	// MaxHeaderBytes is the longest head that the Door waits for; a longer one goes on to net/http. Zero means 32 KiB.
	MaxHeaderBytes int
	// ErrorLog is told of panics, which cost one connection. Nil means the log package's.
	ErrorLog *log.Logger
}

// Door is a net.Listener for an http.Server beside the Server that made it. It reads the requests of each connection, and serves those that
// are the Server's: a WebSocket becomes a session without net/http, at half of the cost, and long-polling is answered without it. A
// connection that waits, be it for its first request, for packets or for the next request, has neither a goroutine nor a buffer. Whatever
// else comes, and whatever is not beyond all doubt, goes on to net/http with the bytes that were read, and so does all that comes behind it.
//
// On Linux, connections of a *net.TCPListener have TCP_NODELAY, and otherwise the options of the listening socket: the kernel's keep-alive
// only if it was set there. The heartbeat finds dead peers.
//
// Connections that are neither the kernel's own nor Polled, of TLS say, go on at once, and Arrive is not told of them. Where there is no
// epoll, so do requests of long-polling.
type Door struct {
	server   *Server
	listener net.Listener
	options  DoorOptions

	opening sync.Once // of the accept loop
	closing sync.Once
	closed  chan struct{}
	loop    sync.WaitGroup // the accept loop
	onward  chan passage

	mu      lockorder.Mutex[Door]
	retired bool           // all go on to net/http
	ending  bool           // no body is waited for
	cutting bool           // whoever is left is cut
	present sync.WaitGroup // arrivals; it grows with mu held, and not once it is retired
	lines   lines
	kin     elders[arrival]
}

// passage is what Accept returns.
type passage struct {
	conn net.Conn
	err  error
}

// Door returns a listener that serves this server's requests, and passes all else on to whoever calls its Accept:
// an http.Server, whose handler serves this server too. Accepting begins with the first call of Accept. Shutdown has all go on
// to net/http, but for connections between two requests, which it ends; the Door stays open until it is closed.
func (s *Server) Door(l net.Listener, o DoorOptions) *Door {
	setDefault(&o.HeaderTimeout, 10*time.Second)
	setDefault(&o.IdleTimeout, time.Minute)
	setDefault(&o.MaxHeaderBytes, 32<<10)
	if o.Arrive == nil {
		o.Arrive = func(net.Conn) (any, bool) { return nil, true }
	}
	if o.Depart == nil {
		o.Depart = func(any) {}
	}
	if o.Hear == nil {
		o.Hear = func(any, *http.Request) string { return "" }
	}
	if o.Heard == nil {
		o.Heard = func(any) {}
	}
	if o.Proxied == nil {
		o.Proxied = func(any) bool { return false }
	}
	if o.ErrorLog == nil {
		o.ErrorLog = log.Default()
	}
	d := &Door{server: s, listener: netpoll.Listen(l), options: o, closed: make(chan struct{}), onward: make(chan passage)}
	d.lines.init(&d.options)
	s.mu.Lock()
	defer s.mu.Unlock()
	d.retired = s.retired
	s.doors = append(s.doors, d)
	return d
}

// Accept returns the next connection that is for net/http: a *Passed, unless it is not the kernel's own.
func (d *Door) Accept() (net.Conn, error) {
	d.opening.Do(func() { d.loop.Go(d.accept) })
	select {
	case p := <-d.onward:
		return p.conn, p.err
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Addr returns the listener's address.
func (d *Door) Addr() net.Addr { return d.listener.Addr() }

// Close closes the listener, and the connections that wait for a request. It may be called again.
func (d *Door) Close() (err error) {
	d.closing.Do(func() {
		close(d.closed)
		err = d.listener.Close()
		d.opening.Do(func() {}) // no loop is started any more
		d.loop.Wait()
		d.retire()
	})
	return err
}

// accept is the accept loop. Where accepting fails, net/http knows for how long to wait.
func (d *Door) accept() {
	for {
		d.server.poller.Yield()
		conn, err := d.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			d.pass(passage{err: err})
			return
		case err != nil:
			if !d.pass(passage{err: err}) {
				return
			}
		default:
			d.arrive(conn)
		}
	}
}

// arrive has a connection's first request awaited.
func (d *Door) arrive(conn net.Conn) {
	if _, ok := conn.(Polled); !ok && !netpoll.IsKernels(conn) {
		d.passConn(conn)
		return
	}
	mark, ok := d.options.Arrive(conn)
	if !ok && d.makeRoom(conn) {
		mark, ok = d.options.Arrive(conn)
	}
	if !ok {
		sendAway(conn)
		return
	}
	a := &arrival{door: d, mark: mark, proxied: d.options.Proxied(mark)}
	if !d.admit(a, conn) {
		d.passConn(&Passed{Conn: conn, mark: mark})
		return
	}
	if a.proxied {
		a.accepting = true
		a.conn.ReadNow()
		a.accepting = false
	}
	a.conn.Start()
}

// admit has an arrival wait for its first request. False means that the Door is retired.
func (d *Door) admit(a *arrival, conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.retired {
		return false
	}
	d.present.Add(1)
	a.conn = new(netpoll.Conn)
	d.server.poller.Init(a.conn, conn, a)
	a.network = peerNetwork(conn)
	a.conn.ShareTurns(crowdOf(a.network))
	d.kin.enter(&a.seat, a, a.network)
	d.link(&d.lines.heads, a)
	return true
}

// pass gives something to Accept. False means that nobody accepts any more.
func (d *Door) pass(p passage) bool {
	select {
	case d.onward <- p:
		return true
	case <-d.closed:
		return false
	}
}

// passConn gives a connection to net/http.
func (d *Door) passConn(conn net.Conn) {
	if d.pass(passage{conn: conn}) {
		return
	}
	conn.Close()
	if p, ok := conn.(*Passed); ok {
		d.options.Depart(p.mark)
	}
}
