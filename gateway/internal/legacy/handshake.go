package legacy

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/googollee/go-socket.io/engineio/session"
	"github.com/googollee/go-socket.io/engineio/transport"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// handshake begins a session for a client that the middlewares let in. A refused one is told by
// HTTP, before any of googollee's code has seen it: its `connect_error` shows the status.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	addr := s.engine.ClientAddr(r)
	if cause := s.admit(addr); cause != "" {
		s.refused(cause)
		refuse(w, r, http.StatusServiceUnavailable, 3, "Service unavailable")
		return
	}
	h := newHandshake(r, addr)
	if err := s.options.Sockets.Of("/").Vet(h); err != nil {
		s.dismiss(addr)
		refuse(w, r, http.StatusForbidden, 4, messageOf(err))
		return
	}
	c := newClient(s, addr, h)
	conn, err := c.accept(w, r) // on an error it has answered
	if err != nil {
		s.dismiss(addr)
		return
	}
	c.session, err = session.New(conn, c.id, r.URL.Query().Get("transport"), s.parameters(r, c.id))
	if err != nil || !s.register(c) {
		s.refused(engineio.CauseDraining)
		s.dismiss(addr)
		conn.Close()
		if !isUpgrade(r) {
			refuse(w, r, http.StatusServiceUnavailable, 3, "Service unavailable")
		}
		return
	}
	if s.engine.Observer != nil {
		s.engine.Observer.SessionOpened()
	}
	c.serve(w, r)
}

func newHandshake(r *http.Request, addr netip.Addr) *socketio.Handshake {
	query := r.URL.Query()
	h := &socketio.Handshake{Header: r.Header, Query: r.URL.Query(), Host: r.Host, Addr: addr}
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

func (s *Server) refused(cause string) {
	if s.engine.Observer != nil {
		s.engine.Observer.HandshakeRefused(cause)
	}
}

// refuse answers as the official server does: JSON to a plain request, the bare message with status
// 400 to a WebSocket upgrade.
func refuse(w http.ResponseWriter, r *http.Request, status, code int, message string) {
	header := w.Header()
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "5")
	}
	kind, body := "application/json", []byte(message)
	if isUpgrade(r) {
		kind = "text/html"
		header.Set("Connection", "close")
		if status == http.StatusForbidden {
			status = http.StatusBadRequest
		}
	} else {
		body, _ = json.Marshal(struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}{code, message})
	}
	header.Set("Content-Type", kind)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
