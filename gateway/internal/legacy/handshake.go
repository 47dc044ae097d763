package legacy

import (
	"errors"
	"net/http"
	"net/netip"

	"github.com/googollee/go-socket.io/engineio/session"
	"github.com/googollee/go-socket.io/engineio/transport"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// handshake begins a session for a client that the middlewares let in. A refused one is told by
// HTTP, before any of googollee's code has seen it: its `connect_error` shows the status.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	id := s.engine.Identify(r)
	place, cause := s.admit(s.engine.CountedAddr(r), id.User)
	if cause != "" {
		s.refuse(w, r, cause)
		return
	}
	h := newHandshake(r, s.engine.ClientAddr(r), id)
	if err := s.options.Sockets.Of("/").Vet(h); err != nil {
		s.engine.Admission.Release(place)
		engineio.Forbidden.Saying(messageOf(err)).Write(w, r)
		return
	}
	c := newClient(s, h, place)
	c.bound.Bind(r, id)
	conn, err := c.accept(w, r) // on an error it has answered
	if err != nil {
		s.engine.Admission.Release(place)
		return
	}
	c.session, err = session.New(conn, c.id, r.URL.Query().Get("transport"), s.parameters(r, c.id))
	if err != nil || !s.register(c) {
		s.engine.Observer.HandshakeRefused(engineio.CauseDraining)
		s.engine.Admission.Release(place)
		conn.Close()
		if !isUpgrade(r) {
			engineio.Unavailable.Write(w, r)
		}
		return
	}
	s.engine.Observer.SessionOpened()
	c.serve(w, r)
}

func newHandshake(r *http.Request, addr netip.Addr, id engineio.Identity) *socketio.Handshake {
	query := r.URL.Query()
	h := &socketio.Handshake{Header: r.Header, Query: r.URL.Query(), Host: r.Host, Addr: addr, Identity: id.Claims}
	for _, own := range []string{"EIO", "transport", "t", "b64"} { // the protocol's, not the client's
		query.Del(own)
	}
	h.Auth = socketio.QueryAuth(query)
	return h
}

// parameters are what the open packet says. googollee gives a session up after the ping timeout
// alone, in which not even a ping is due.
func (s *Server) parameters(r *http.Request, id string) transport.ConnParameters {
	upgrades := []string{}
	if !isUpgrade(r) {
		upgrades = append(upgrades, "websocket")
	}
	return transport.ConnParameters{
		SID: id, Upgrades: upgrades,
		PingInterval: s.engine.PingInterval, PingTimeout: s.engine.PingInterval + s.engine.PingTimeout,
	}
}

// messageOf is what a refused client may know.
func messageOf(err error) string {
	if refusal := (*socketio.ConnectError)(nil); errors.As(err, &refusal) {
		return refusal.Message
	}
	return "internal error"
}

// refuse answers a request, and tells why.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, cause string) {
	s.engine.Observer.HandshakeRefused(cause)
	s.engine.Refused(r, cause)
	engineio.RefusalFor(cause).Write(w, r)
}
