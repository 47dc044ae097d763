package app

import (
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

// guard has the door count what connects to a server, and the engine take what is for the sockets before net/http has the
// connection. It is called before the server serves.
func (a *App) guard(s *server, sockets mount) {
	trusted, client := compose.Proxies(a.config)
	d := &door{
		admission: a.admission, trusted: trusted, client: client, refused: a.hints.HandshakeRefused, next: s.Handler,
	}
	listener := a.front.Door(s.listener, engineio.DoorOptions{
		Takes:  func(r *http.Request) bool { return sockets.takes(r.URL.Path) && !a.asksApp() },
		Arrive: d.arrive, Depart: func(mark any) { mark.(*arrival).depart() },
		Hear:          func(mark any, r *http.Request) (cause string) { return d.hear(mark.(*arrival), r) },
		Heard:         func(mark any) { mark.(*arrival).heard() },
		Proxied:       func(mark any) bool { return mark.(*arrival).proxied },
		HeaderTimeout: s.ReadHeaderTimeout, IdleTimeout: s.IdleTimeout, MaxHeaderBytes: s.MaxHeaderBytes, ErrorLog: s.ErrorLog,
	})
	s.Handler, s.ConnContext, s.ConnState, s.listener = d, listener.ConnContext, d.observe, listener
}

// arrival is a connection that the door counts: its mark. One goroutine at a time uses it: the engine's, and then the one that
// serves it.
type arrival struct {
	admission *engineio.Admission
	proxied   bool
	addr      netip.Addr // of the peer; of the client, from a request with a body by a proxy on
	counted   bool
}

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

// observe is http.Server.ConnState.
func (d *door) observe(conn net.Conn, state http.ConnState) {
	a := conn.(*engineio.Passed).Mark().(*arrival)
	switch state {
	case http.StateHijacked, http.StateClosed:
		a.depart()
	case http.StateIdle: // not when the handler returns: net/http reads the rest of a body after that
		a.heard()
	}
}

// hear is told of the headers of a request. A cause says that there is no place for its body.
func (d *door) hear(a *arrival, r *http.Request) (cause string) {
	if !a.proxied {
		return ""
	}
	a.depart()
	if r.ContentLength == 0 {
		return ""
	}
	a.addr = d.client(r)
	if cause = d.admission.Arrive(a.addr, false); cause != "" {
		d.refused(cause)
		return cause
	}
	a.counted = true
	return ""
}

// heard is told that a request is there, or has been answered. Between requests a proxy's connection costs nobody anything.
func (a *arrival) heard() {
	if a.proxied {
		a.depart()
	}
}

// ServeHTTP is called with the headers of a request.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a, ok := engineio.MarkOf(r).(*arrival); ok {
		if cause := d.hear(a, r); cause != "" {
			http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // of the body nothing is awaited
			w.Header().Set("Connection", "close")
			engineio.RefusalFor(cause).Write(w, r)
			return
		}
	}
	d.next.ServeHTTP(w, r)
}

// settled is engineio.Options.Settled: the connection carries requests of a session that is counted elsewhere.
func settled(r *http.Request) {
	a, _ := engineio.MarkOf(r).(*arrival)
	a.depart()
}

// depart ends the counting, once.
func (a *arrival) depart() {
	if a != nil && a.counted {
		a.counted = false
		a.admission.Depart(a.addr)
	}
}
