package engineio

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Refusal is the answer to a request that does not become a session, or finds none: the official error
// codes, messages and statuses.
type Refusal struct {
	code    int
	message string
	status  int
}

// The refusals of Engine.IO. Both generations of the protocol have them.
var (
	TransportUnknown   = Refusal{0, "Transport unknown", http.StatusBadRequest}
	SessionUnknown     = Refusal{1, "Session ID unknown", http.StatusBadRequest}
	BadHandshakeMethod = Refusal{2, "Bad handshake method", http.StatusBadRequest}
	BadRequest         = Refusal{3, "Bad request", http.StatusBadRequest}
	Forbidden          = Refusal{4, "Forbidden", http.StatusForbidden}
	UnsupportedVersion = Refusal{5, "Unsupported protocol version", http.StatusBadRequest}
	// Unavailable is not in the protocol: official clients treat any status but 200 alike, come
	// back later, and a load balancer understands 503.
	Unavailable = Refusal{3, "Service unavailable", http.StatusServiceUnavailable}
)

// RefusalFor returns the answer that goes with a cause: one of the Cause constants.
func RefusalFor(cause string) Refusal {
	switch cause {
	case CausePolling, CauseTransport:
		return TransportUnknown
	case CauseSession:
		return SessionUnknown
	case CauseMethod:
		return BadHandshakeMethod
	case CauseForbidden, CauseIdentity:
		return Forbidden
	case CauseVersion, CauseJSONP:
		return UnsupportedVersion
	case CauseMaximum, CauseMaximumByIP, CauseMaximumByUser, CausePending, CausePendingByIP, CauseArrivals, CauseArrivalsByIP, CauseDraining:
		return Unavailable
	}
	return BadRequest
}

// Code is the official number of the error.
func (f Refusal) Code() int { return f.code }

// Message is the official text.
func (f Refusal) Message() string { return f.message }

// Saying returns the same refusal with another message.
func (f Refusal) Saying(message string) Refusal {
	f.message = message
	return f
}

// Write answers as the official server does: JSON to a plain request, and to a WebSocket upgrade
// the bare message with status 400 and a closed connection.
func (f Refusal) Write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if f.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "5")
	}
	if !isUpgrade(r) {
		body, _ := json.Marshal(struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}{f.code, f.message})
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(f.status)
		w.Write(body)
		return
	}
	header.Set("Connection", "close")
	header.Set("Content-Type", "text/html")
	header.Set("Content-Length", strconv.Itoa(len(f.message)))
	if f.status == http.StatusForbidden {
		f.status = http.StatusBadRequest
	}
	w.WriteHeader(f.status)
	w.Write([]byte(f.message))
}
