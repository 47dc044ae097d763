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
	limitBody(w, r, pendingRequestTimeout)
	// Browsers don't apply CORS to WebSockets, whose Origin Options.Allow has to judge.
	if !isUpgrade(r) && s.options.CORS.apply(w, r) {
		return
	}
	session, cause := s.check(r)
	if cause == "" && session != nil && session.settled.Load() {
		limitBody(w, r, requestTimeout)
		s.options.Settled(r)
	}
	switch {
	case cause != "":
		s.refuse(w, r, cause)
	case session == nil:
		s.handshake(w, r)
	case isUpgrade(r):
		serveUpgrade(session, w, r)
	default:
		session.carriedBy().serveRequest(w, r)
	}
}

// refuse answers a request, and counts why.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, cause string) {
	s.options.Observer.HandshakeRefused(cause)
	RefusalFor(cause).Write(w, r)
}

// handshake begins a session.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	session, r, cause := s.begin(r)
	switch {
	case cause != "":
		s.refuse(w, r, cause)
	case isUpgrade(r):
		serveWebSocket(session, w, r)
	default:
		servePolling(session, w, r)
	}
}

// begin finds out who asks for a session, and has it admitted. The request it returns knows who that is. A cause says why
// there is no session.
func (s *Server) begin(r *http.Request) (session *Session, identified *http.Request, cause string) {
	id := s.options.Identify(r)
	place, cause := s.admit(s.options.CountedAddr(r), id.User)
	if cause != "" {
		return nil, r, cause
	}
	return newSession(s, s.options.ClientAddr(r), place), withIdentity(r, id), ""
}

// check goes through a request in the official server's order, so that one with several faults
// gets the same answer from both. Without a session and a cause it is a handshake.
func (s *Server) check(r *http.Request) (session *Session, cause string) {
	query := r.URL.Query()
	upgrade := isUpgrade(r)
	transport := query.Get("transport")
	switch {
	case s.options.CORS.refuses(r):
		return nil, CauseForbidden
	case transport == "polling" && s.options.Polling == PollingOff:
		return nil, CausePolling
	case transport != "polling" && transport != "websocket", transport == "polling" && upgrade:
		return nil, CauseTransport
	}
	if id := query.Get("sid"); id != "" {
		session = s.session(id)
		switch {
		case session == nil:
			return nil, CauseSession
		case upgrade != (transport == "websocket"), query.Get("EIO") != "4":
			return nil, CauseBadRequest
		case !s.options.Allow(r):
			return nil, CauseForbidden
		case !session.carriedBy().admits(r):
			return nil, CauseIdentity
		}
		return session, ""
	}
	switch {
	case r.Method != http.MethodGet:
		return nil, CauseMethod
	case transport == "websocket" && !upgrade:
		return nil, CauseBadRequest
	case !s.options.Allow(r):
		return nil, CauseForbidden
	case query.Get("EIO") != "4":
		return nil, CauseVersion
	}
	return nil, ""
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
