package engineio

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// refusal is an answer to a handshake that does not become a session: the official error codes,
// messages and statuses.
type refusal struct {
	code    int
	message string
	status  int
}

var (
	transportUnknown   = refusal{0, "Transport unknown", http.StatusBadRequest}
	sessionUnknown     = refusal{1, "Session ID unknown", http.StatusBadRequest}
	badHandshakeMethod = refusal{2, "Bad handshake method", http.StatusBadRequest}
	badRequest         = refusal{3, "Bad request", http.StatusBadRequest}
	forbidden          = refusal{4, "Forbidden", http.StatusForbidden}
	unsupportedVersion = refusal{5, "Unsupported protocol version", http.StatusBadRequest}
	// unavailable is not in the protocol: official clients treat any status but 200 alike, come
	// back later, and a load balancer understands 503.
	unavailable = refusal{3, "Service unavailable", http.StatusServiceUnavailable}
)

// write answers as the official server does: JSON to a plain request, and to a WebSocket upgrade
// the bare message with status 400 and a closed connection.
func (f refusal) write(w http.ResponseWriter, r *http.Request) {
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
