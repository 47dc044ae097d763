package socketio

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Link carries the packets of one client. The server's own are sessions of package engineio; Adopt
// takes others. Its methods may be called from any goroutine, with locks of this package held, and
// return without waiting for the network.
type Link interface {
	// ID is unguessable, and a secret of this client and the server.
	ID() string
	Addr() netip.Addr
	// Send queues packets, contiguously and in order. An error means that the link is closing.
	Send(packets ...*engineio.Packet) error
	// Writable tells whether a packet sent now would not have to wait behind others.
	Writable() bool
	// Close ends the link after what is queued. The first reason stays.
	Close(Reason)
	// CloseAt is Close when t has come; the zero time takes it back.
	CloseAt(t time.Time, reason Reason)
}

// Adopt takes in a client of Socket.IO v2 (protocol 4), whose transport is the caller's: it is in
// the namespace "/" without asking, as far as the middlewares allow. The caller gives the Receiver
// what the client says, and tells it Closed, as package engineio does; Shutdown does not know
// such links. A socket's id in "/" is that of its link, since that is what the client takes it for.
func (s *Server) Adopt(link Link, h *Handshake) engineio.Receiver {
	c := &conn{server: s, session: link, handshake: h, v2: true}
	link.CloseAt(time.Now().Add(s.options.ConnectTimeout), ConnectTimeout)
	c.connectAtOnce()
	return c
}

func (c *conn) connectAtOnce() {
	defer c.recover()
	c.connect(packet{kind: typeConnect, namespace: "/"})
}

// Vet asks the middlewares about a client before it has a connection, on a Socket that comes to
// nothing. They are asked again when it connects. The error is what they refused it with.
func (ns *Namespace) Vet(h *Handshake) error {
	s := &Socket{conn: &conn{session: nowhere{}}, namespace: ns, id: engineio.NewID()}
	s.out.Store(true)
	defer ns.adapter.LeaveAll(s)
	return ns.admit(s, h)
}

// nowhere is the link of a client that is not there.
type nowhere struct{}

func (nowhere) ID() string                     { return "" }
func (nowhere) Addr() netip.Addr               { return netip.Addr{} }
func (nowhere) Send(...*engineio.Packet) error { return ErrDisconnected }
func (nowhere) Writable() bool                 { return false }
func (nowhere) Close(Reason)                   {}
func (nowhere) CloseAt(time.Time, Reason)      {}

// QueryAuth is what v2 clients have in the place of a CONNECT payload: a query, as a JSON object of
// its first values. Nil means that it is empty.
func QueryAuth(query url.Values) json.RawMessage {
	if len(query) == 0 {
		return nil
	}
	first := make(map[string]string, len(query))
	for key := range query {
		first[key] = query.Get(key)
	}
	auth, _ := json.Marshal(first)
	return auth
}

// partQuery separates a v2 client's namespace from the query after it: `40/admin?token=x,`.
func (p *packet) partQuery() {
	name, rest, _ := strings.Cut(p.namespace, "?")
	query, _ := url.ParseQuery(rest)
	p.namespace, p.data = name, QueryAuth(query) // without a query, the handshake's auth stays
}

// newSocketID names a client's socket in a namespace.
func (c *conn) newSocketID(namespace string) string {
	switch {
	case !c.v2:
		return engineio.NewID()
	case namespace == "/":
		return c.session.ID()
	}
	return namespace + "#" + c.session.ID()
}

// welcome is the payload of the CONNECT packet; v2 clients know their ids.
func (c *conn) welcome(s *Socket) any {
	if c.v2 {
		return nil
	}
	return map[string]string{"sid": s.id}
}

// payload is what a refused client is told: v2 clients get the bare data, or the message.
func (e *ConnectError) payload(v2 bool) any {
	type object struct {
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}
	switch {
	case !v2:
		return object{e.Message, e.Data}
	case e.Data != nil:
		return e.Data
	}
	return e.Message
}
