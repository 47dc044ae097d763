package socketio

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Adopt takes in a client of Socket.IO v2 (protocol 4), whose transport is the caller's: it is in
// the namespace "/" without asking, as far as the middlewares allow. The caller gives the Receiver
// what the client says, and tells it Closed, as package engineio does; Shutdown does not know such
// sessions. A socket's id in "/" is that of its session, since that is what the client takes it for.
func (s *Server) Adopt(session Session, h *Handshake) engineio.Receiver {
	c := s.newConn(session, h)
	c.v2 = true
	c.connectAtOnce()
	return c
}

func (c *conn) connectAtOnce() {
	defer c.recover()
	c.connect(packet{kind: typeConnect, namespace: "/"})
}

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

// splitQuery separates a v2 client's namespace from the query after it: `40/admin?token=x,`. Without a
// query, the auth of the handshake counts.
func (p *packet) splitQuery() {
	name, rest, _ := strings.Cut(p.namespace, "?")
	query, _ := url.ParseQuery(rest)
	p.namespace, p.data = name, QueryAuth(query)
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
	reply := `{"sid":` + string(rawjson.Quote(s.id))
	if r := s.namespace.recovery; r != nil {
		reply += `,"pid":` + string(rawjson.Quote(r.pid(s.namespace.name, s.id)))
	}
	return json.RawMessage(reply + "}")
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
	case !fitsV2(e.Data):
		return e.Message
	}
	return e.Data
}

// fitsV2 tells whether v2 clients can read the data of an error. They throw at true, in the app's own process, and
// take a number for an ack's.
func fitsV2(data any) bool {
	encoded, err := json.Marshal(data)
	return err == nil && data != nil && (encoded[0] == '{' || encoded[0] == '[' || encoded[0] == '"')
}
