package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// ServeHTTP answers a handshake, and every request of a session that polls. The path is the
// caller's affair.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limitBody(w, r)
	if s.options.CORS.apply(w, r) {
		return
	}
	session, no, cause := s.check(r)
	switch {
	case cause != "":
		s.options.Observer.HandshakeRefused(cause)
		no.write(w, r)
	case session == nil:
		s.handshake(w, r)
	case isUpgrade(r):
		serveUpgrade(session, w, r)
	default:
		session.servePoll(w, r)
	}
}

// handshake begins a session.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	addr := s.options.ClientAddr(r)
	if cause := s.admit(addr); cause != "" {
		s.options.Observer.HandshakeRefused(cause)
		unavailable.write(w, r)
		return
	}
	session := newSession(s, addr)
	if isUpgrade(r) {
		serveWebSocket(session, w, r)
		return
	}
	servePolling(session, w, r)
}

// check goes through a request in the official server's order, so that one with several faults
// gets the same answer from both. Without a session and a cause it is a handshake.
func (s *Server) check(r *http.Request) (session *Session, no refusal, cause string) {
	query := r.URL.Query()
	upgrade := isUpgrade(r)
	transport := query.Get("transport")
	switch {
	case transport == "polling" && s.options.Polling == PollingOff:
		return nil, transportUnknown, CausePolling
	case transport != "polling" && transport != "websocket", transport == "polling" && upgrade:
		return nil, transportUnknown, CauseTransport
	}
	if id := query.Get("sid"); id != "" {
		session = s.session(id)
		switch {
		case session == nil:
			return nil, sessionUnknown, CauseSession
		case upgrade != (transport == "websocket"), !upgrade && !session.polls(), query.Get("EIO") != "4":
			return nil, badRequest, CauseBadRequest
		}
		return session, refusal{}, ""
	}
	switch {
	case r.Method != http.MethodGet:
		return nil, badHandshakeMethod, CauseMethod
	case transport == "websocket" && !upgrade:
		return nil, badRequest, CauseBadRequest
	case !s.options.Allow(r):
		return nil, forbidden, CauseForbidden
	case query.Get("EIO") != "4":
		return nil, unsupportedVersion, CauseVersion
	}
	return nil, refusal{}, ""
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// openPacket is the first packet of a session. Its keys come in the official order.
func (s *Server) openPacket(id string, upgrades ...string) *Packet {
	if upgrades == nil {
		upgrades = []string{} // not null
	}
	payload, _ := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{id, upgrades, s.options.PingInterval.Milliseconds(), s.options.PingTimeout.Milliseconds(), s.options.MaxPayload})
	return newPacket(finText, append([]byte{typeOpen}, payload...))
}

// NewID returns 20 characters of base64url: 15 random bytes. Who knows a session's id can take it
// over, so none of it is a counter.
func NewID() string {
	var random [15]byte
	rand.Read(random[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(random[:])
}
