package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// ServeHTTP answers a handshake: a session, or the protocol's error. The path is the caller's
// affair.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no, cause := s.check(r); cause != "" {
		s.options.Observer.HandshakeRefused(cause)
		no.write(w, r)
		return
	}
	addr := s.options.ClientAddr(r)
	if cause := s.admit(addr); cause != "" {
		s.options.Observer.HandshakeRefused(cause)
		unavailable.write(w, r)
		return
	}
	serveWebSocket(newSession(s, addr), w, r)
}

// check goes through a handshake in the official server's order, so that a request with several
// faults gets the same answer from both.
func (s *Server) check(r *http.Request) (no refusal, cause string) {
	query := r.URL.Query()
	upgrade := isUpgrade(r)
	switch transport := query.Get("transport"); {
	case transport == "polling" && !upgrade:
		return transportUnknown, CausePolling
	case transport != "websocket":
		return transportUnknown, CauseTransport
	case query.Get("sid") != "":
		return sessionUnknown, CauseSession
	case r.Method != http.MethodGet:
		return badHandshakeMethod, CauseMethod
	case !upgrade:
		return badRequest, CauseBadRequest
	case !s.options.Allow(r):
		return forbidden, CauseForbidden
	case query.Get("EIO") != "4":
		return unsupportedVersion, CauseVersion
	}
	return refusal{}, ""
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// openPacket is the first packet of a session. Its keys come in the official order.
func (s *Server) openPacket(id string) *Packet {
	payload, _ := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{id, []string{}, s.options.PingInterval.Milliseconds(), s.options.PingTimeout.Milliseconds(), s.options.MaxPayload})
	return newPacket(finText, append([]byte{typeOpen}, payload...))
}

// NewID returns 20 characters of base64url: 15 random bytes. Who knows a session's id can take it
// over, so none of it is a counter.
func NewID() string {
	var random [15]byte
	rand.Read(random[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(random[:])
}
