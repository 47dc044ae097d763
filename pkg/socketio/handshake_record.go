package socketio

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// handshakeRecord is what a socket keeps of its handshake for whoever lists it, when there is a
// Cluster. The text of the headers is kept once per connection.
type handshakeRecord struct {
	connection *string // all of the object but auth and the end, shared by the connection's sockets
	auth       json.RawMessage
}

// recordOf writes the part of the official handshake object that all sockets of a connection share.
func recordOf(h *Handshake) *string {
	issued := h.Issued
	if issued.IsZero() {
		issued = time.Now()
	}
	// Maps of strings and plain values can't fail to be encoded.
	object, _ := json.Marshal(struct {
		Headers map[string]string `json:"headers"`
		Time    string            `json:"time"`
		Address string            `json:"address"`
		XDomain bool              `json:"xdomain"`
		Secure  bool              `json:"secure"`
		Issued  int64             `json:"issued"`
		URL     string            `json:"url"`
		Query   map[string]string `json:"query"`
	}{
		Headers: headersOf(h), Time: issued.UTC().Format(javaScriptDate), Address: h.Addr.String(),
		XDomain: h.Header.Get("Origin") != "", Secure: h.Secure, Issued: issued.UnixMilli(), URL: h.URL, Query: queryOf(h),
	})
	record := string(object[:len(object)-1])
	return &record
}

// javaScriptDate is how JavaScript writes a Date of UTC as text.
const javaScriptDate = "Mon Jan 02 2006 15:04:05 GMT-0700 (Coordinated Universal Time)"

// headersOf returns the headers as Node has them: names in lower case, and several values as one.
func headersOf(h *Handshake) map[string]string {
	headers := make(map[string]string, len(h.Header)+1)
	for name, values := range h.Header {
		separator := ", "
		if name == "Cookie" {
			separator = "; "
		}
		headers[strings.ToLower(name)] = strings.Join(values, separator)
	}
	if h.Host != "" {
		headers["host"] = h.Host
	}
	return headers
}

// queryOf returns the last value of each parameter, as Node does.
func queryOf(h *Handshake) map[string]string {
	query := make(map[string]string, len(h.Query))
	for name, values := range h.Query {
		if len(values) > 0 {
			query[name] = values[len(values)-1]
		}
	}
	return query
}

// json returns the whole object, or null when nothing was kept.
func (r *handshakeRecord) json() json.RawMessage {
	if r == nil {
		return json.RawMessage("null")
	}
	auth := r.auth
	if len(auth) == 0 {
		auth = json.RawMessage("{}")
	}
	return slices.Concat([]byte(*r.connection), []byte(`,"auth":`), auth, []byte("}"))
}
