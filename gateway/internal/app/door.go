package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/pkg/engineio"
)

// door counts connections from the moment when they are accepted: one that says nothing, or never comes to the end of its
// headers or body, is no client yet, and yet costs a goroutine and its buffers. It is counted until it becomes a
// WebSocket, which is counted elsewhere, or belongs to a session that is let in, or closes.
//
// The peer of a proxy's connection is no client: MAX_PENDING_PER_IP would be a bound for all clients. Such a connection has
// a share of MAX_PENDING, and counts only until the headers of its first request are there: proxies keep connections. A
// body that comes slowly through a proxy counts for the client whose address the proxy names.
type door struct {
	admission *engineio.Admission
	trusted   func(netip.Addr) bool          // proxies
	client    func(*http.Request) netip.Addr // of a request by a proxy
	refused   func(cause string)
	next      http.Handler
}

// guard has the door count what connects to a server, and the engine take WebSocket handshakes before net/http has the
// connection. It is called before the server serves.
func (a *App) guard(s *server, sockets mount) {
	trusted, client := compose.Proxies(a.config)
	d := &door{
		admission: a.admission, trusted: trusted, client: client, refused: a.hints.HandshakeRefused, next: s.Handler,
	}
	s.Handler, s.ConnContext, s.ConnState = d, d.introduce, d.observe
	s.listener = a.front.Door(s.listener, engineio.DoorOptions{
		Takes:  func(r *http.Request) bool { return sockets.takes(r.URL.Path) && !a.asksApp() },
		Arrive: d.arrive, Depart: func(mark any) { mark.(*arrival).depart() },
		Proxied:       func(mark any) bool { return mark.(*arrival).proxied },
		HeaderTimeout: s.ReadHeaderTimeout, MaxHeaderBytes: s.MaxHeaderBytes, ErrorLog: s.ErrorLog,
	})
}

// arrival is a connection that the door counts: its mark. One goroutine at a time uses it: the engine's, and then the one that
// serves it.
type arrival struct {
	admission *engineio.Admission
	proxied   bool
	addr      netip.Addr // of the peer; of the client, from a request with a body by a proxy on
	counted   bool
}

type arrivalKey struct{}

// arrive is engineio.DoorOptions.Arrive.
func (d *door) arrive(conn net.Conn) (mark any, ok bool) {
	a := &arrival{admission: d.admission}
	if peer, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		a.addr = peer.AddrPort().Addr().Unmap()
	}
	a.proxied = d.trusted(a.addr)
	if cause := d.admission.Arrive(a.addr, a.proxied); cause != "" {
		d.refused(cause)
		return nil, false
	}
	a.counted = true
	return a, true
}

// introduce is http.Server.ConnContext.
func (d *door) introduce(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, arrivalKey{}, arrivalOf(conn))
}

func arrivalOf(conn net.Conn) *arrival { return conn.(*engineio.Passed).Mark().(*arrival) }

// observe is http.Server.ConnState.
func (d *door) observe(conn net.Conn, state http.ConnState) {
	a := arrivalOf(conn)
	// Between requests a proxy's connection costs nobody anything. Not when the handler returns: net/http reads the rest of a
	// body after that.
	if state == http.StateHijacked || state == http.StateClosed || a.proxied && state == http.StateIdle {
		a.depart()
	}
}

// ServeHTTP is called with the headers of a request.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, _ := r.Context().Value(arrivalKey{}).(*arrival)
	if a == nil || !a.proxied {
		d.next.ServeHTTP(w, r)
		return
	}
	a.depart()
	if r.ContentLength == 0 {
		d.next.ServeHTTP(w, r)
		return
	}
	a.addr = d.client(r)
	if cause := d.admission.Arrive(a.addr, false); cause != "" {
		d.refused(cause)
		http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // of the body nothing is awaited
		w.Header().Set("Connection", "close")
		engineio.RefusalFor(cause).Write(w, r)
		return
	}
	a.counted = true
	d.next.ServeHTTP(w, r)
}

// settled is engineio.Options.Settled: the connection carries requests of a session that is counted elsewhere.
func settled(r *http.Request) {
	a, _ := r.Context().Value(arrivalKey{}).(*arrival)
	a.depart()
}

// depart ends the counting, once.
func (a *arrival) depart() {
	if a != nil && a.counted {
		a.counted = false
		a.admission.Depart(a.addr)
	}
}
