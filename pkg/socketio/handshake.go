package socketio

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Handshake is what a client said of itself when it connected. It is for middlewares: what is
// needed later goes into Socket.Data, so that thousands of idle sockets don't hold their headers.
type Handshake struct {
	Header http.Header
	Query  url.Values
	Host   string
	// URL is the path and the query as they were asked for. It may be empty for an adopted client.
	URL string
	// Secure tells that the connection came to this server by TLS, without a proxy before it.
	Secure bool
	// Issued is when the client connected. Zero means now, to Adopt.
	Issued time.Time
	// Addr is the client's address behind trusted proxies.
	Addr netip.Addr
	// Auth is the payload of the CONNECT packet: a JSON object, or nil when there was none.
	Auth json.RawMessage
	// Identity is what Engine.Identify has found out about the client: the Claims. Nil means that it knows nobody.
	Identity any
	// User is for a middleware to set: the user whom the connection counts for (Engine.MaxConnectionsPerUser). Empty
	// is nobody. Of several namespaces the first that is joined counts.
	User string
}

func newHandshake(session *engineio.Session, r *http.Request) *Handshake {
	return &Handshake{
		Header: r.Header, Query: r.URL.Query(), Host: r.Host, URL: r.URL.RequestURI(), Secure: r.TLS != nil,
		Issued: time.Now(), Addr: session.Addr(), Identity: engineio.IdentityOf(r).Claims,
	}
}

// ConnectError refuses a client. Message and Data are what its `connect_error` event shows.
type ConnectError struct {
	Message string
	// Data is omitted when nil.
	Data any
	// Close ends the whole connection after the refusal, other namespaces included.
	Close bool
}

func (e *ConnectError) Error() string { return e.Message }
