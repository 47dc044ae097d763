package engineio

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ServeHTTP answers a handshake, and every request of a session that polls. The path is the
// caller's affair.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serve(&byNetHTTP{ResponseWriter: w, request: r, awake: make(chan struct{}, 1)}, r, r.URL.Query())
}

// serve answers a request, or has it wait for its answer.
func (s *Server) serve(w responder, r *http.Request, query url.Values) {
	w.limitBody(false)
	// Browsers don't apply CORS to WebSockets, whose Origin Options.Allow has to judge.
	if !isUpgrade(r) && s.options.CORS.apply(w, r) {
		return
	}
	session, cause := s.check(r, query)
	if cause == "" && session != nil && session.settled.Load() {
		w.limitBody(true)
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

// refuse answers a request, and tells why.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, cause string) {
	s.options.Observer.HandshakeRefused(cause)
	s.options.Refused(r, cause)
	RefusalFor(cause).Write(w, r)
}

// handshake begins a session.
func (s *Server) handshake(w responder, r *http.Request) {
	session, r, cause := s.begin(r)
	if cause != "" {
		s.refuse(w, r, cause)
		return
	}
	r, ok := s.ask(session, w, r)
	switch {
	case !ok:
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
// gets the same answer from both. Query is the request's. Without a session and a cause it is a handshake.
func (s *Server) check(r *http.Request, query url.Values) (session *Session, cause string) {
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
	case query.Get("EIO") == "4":
		return nil, ""
	case query.Has("j"):
		return nil, CauseJSONP
	}
	return nil, CauseVersion
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// openPacket is the first packet of a session. Its keys come in the official order. Ids are of base64url, and upgrades are
// names: neither has anything that JSON would escape.
func (s *Server) openPacket(id string, upgrades ...string) *Packet {
	var room [256]byte
	payload := append(room[:0], typeOpen)
	payload = append(append(payload, `{"sid":"`...), id...)
	payload = append(payload, `","upgrades":[`...)
	for i, upgrade := range upgrades {
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = strconv.AppendQuote(payload, upgrade)
	}
	payload = append(payload, `],"pingInterval":`...)
	payload = strconv.AppendInt(payload, s.options.PingInterval.Milliseconds(), 10)
	payload = append(payload, `,"pingTimeout":`...)
	payload = strconv.AppendInt(payload, s.options.PingTimeout.Milliseconds(), 10)
	payload = append(payload, `,"maxPayload":`...)
	payload = strconv.AppendInt(payload, int64(s.options.MaxPayload), 10)
	return newPacket(finText, append(payload, '}'))
}
