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
	// Takes tells whether a WebSocket handshake of this protocol, seen by its path, is for the Server. What is not goes on to
	// net/http. It must be there.
	Takes func(*http.Request) bool
	// Arrive is told of each connection that is accepted. False has the one of the same address cut that has taken longest for its head, if
	// that is not the server's fault, and asks once more. Then the connection is closed, with 503 if it has asked for anything. The
	// mark is the caller's. Depart gets
	// it when the Door has done with the connection: it belongs to a session, or is closed. A connection that goes on to
	// net/http keeps its mark (Passed.Mark), and Depart is not called. Nil lets all in.
	Arrive func(net.Conn) (mark any, ok bool)
	Depart func(mark any)
	// Proxied tells of a mark whether the connection comes from a proxy that CountedAddr believes: whom it is for is known once the
	// head is read. That happens as soon as it is accepted, so that clients wait for nobody but those of their own address. Nil
	// means that nothing comes from proxies.
	Proxied func(mark any) bool
	// HeaderTimeout is how long a client may take for the head of its request, from being accepted on. Zero means 10 s.
	HeaderTimeout time.Duration
	// MaxHeaderBytes is the longest head that the Door waits for; a longer one goes on to net/http. Zero means 32 KiB.
	MaxHeaderBytes int
	// ErrorLog is told of panics, which cost one connection. Nil means the log package's.
	ErrorLog *log.Logger
}

// Door is a net.Listener for an http.Server beside the Server that made it. It reads the first request of each connection. A
// WebSocket handshake becomes a session without net/http, at half of the cost; until its head is whole, a connection has
// neither a goroutine nor a buffer of 4 KiB. Whatever else comes, and whatever is not beyond all doubt, goes on to net/http
// with the bytes that were read: a poll, a WebSocket for a session that polls, a second request, a fault.
//
// Connections that are not the kernel's own, of TLS say, go on at once, and Arrive is not told of them.
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
	present sync.WaitGroup // arrivals; it grows with mu held, and not once it is retired
	first   *arrival       // who has waited longest; nil where nobody waits
	last    *arrival
	timer   *time.Timer // runs while somebody waits, and may once more
	kin     map[uint64]*kin
}

// passage is what Accept returns.
type passage struct {
	conn net.Conn
	err  error
}

// Door returns a listener that serves this server's WebSocket handshakes, and passes all else on to whoever calls its Accept:
// an http.Server, whose handler serves this server too. Accepting begins with the first call of Accept. Shutdown has all go on
// to net/http; the Door stays open until it is closed.
func (s *Server) Door(l net.Listener, o DoorOptions) *Door {
	setDefault(&o.HeaderTimeout, 10*time.Second)
	setDefault(&o.MaxHeaderBytes, 32<<10)
	if o.Arrive == nil {
		o.Arrive = func(net.Conn) (any, bool) { return nil, true }
	}
	if o.Depart == nil {
		o.Depart = func(any) {}
	}
	if o.Proxied == nil {
		o.Proxied = func(any) bool { return false }
	}
	if o.ErrorLog == nil {
		o.ErrorLog = log.Default()
	}
	d := &Door{server: s, listener: l, options: o, closed: make(chan struct{}), onward: make(chan passage), kin: make(map[uint64]*kin)}
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

// Close closes the listener, and the connections whose first request has not come. It may be called again.
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
	if !netpoll.IsKernels(conn) {
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
	a := &arrival{door: d, mark: mark, proxied: d.options.Proxied(mark), due: time.Now().Add(d.options.HeaderTimeout)}
	if !d.enter(a, conn) {
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
