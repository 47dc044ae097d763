package legacy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// bodyTimeout is how long a client may take to send the body of a POST.
const bodyTimeout = 30 * time.Second

// serve is what remains of a handshake: on a WebSocket to stay until it is closed, with polling to
// answer with the open packet.
func (c *client) serve(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) {
		c.session.ServeHTTP(w, r)
		return
	}
	c.limitPolling()
	c.poll(w, r)
}

// upgrade takes a WebSocket that may take over from polling; one at a time.
func (c *client) upgrade(w http.ResponseWriter, r *http.Request) {
	if !c.beginUpgrade() {
		engineio.BadRequest.Write(w, r)
		return
	}
	defer c.endUpgrade()
	conn, err := c.accept(w, r)
	if err != nil {
		return
	}
	defer c.detach(conn)
	c.session.Upgrade("websocket", conn)
	conn.(http.Handler).ServeHTTP(w, r) // until it is closed
}

func (c *client) beginUpgrade() bool {
	// Asked before c.mu is locked: the session calls SetReadDeadline, which locks c.mu, under a lock that this takes too.
	// A client whose upgrade succeeds in between is still upgrading.
	if c.session.Transport() != "polling" {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.upgrading {
		return false
	}
	c.upgrading = true
	return true
}

func (c *client) endUpgrade() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.upgrading = false
}

// poll takes one request of a session that polls.
func (c *client) poll(w http.ResponseWriter, r *http.Request) {
	if c.session.Transport() != "polling" {
		engineio.BadRequest.Write(w, r)
		return
	}
	if r.Method == http.MethodPost {
		c.post(w, r)
		return
	}
	waits := context.AfterFunc(r.Context(), func() { c.end(engineio.TransportClose) })
	said := c.ask(r)
	waits() // the client may hang up as soon as it has its answer
	if said.status != 0 && c.hasEnded() {
		said = goodbye()
	}
	control := http.NewResponseController(w)
	control.SetWriteDeadline(time.Now().Add(c.server.engine.PingInterval + c.server.engine.PingTimeout))
	defer control.SetWriteDeadline(time.Time{}) // the connection may serve others next
	said.sendPackets(w)
	control.Flush()
}

// post hands over a body that has been read whole and counts in bytes, whatever it came in.
func (c *client) post(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer control.SetReadDeadline(time.Time{})
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.server.engine.MaxPayload)))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		c.server.engine.OnTooLarge()
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		c.end(engineio.TransportError)
		return
	}
	if isBytes(r) {
		body, err = wholeFrames(body)
	} else {
		body, err = bytesFromUnits(body)
	}
	if err != nil || len(body) == 0 {
		c.Close(engineio.ParseError)
		engineio.BadRequest.Write(w, r)
		return
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	c.ask(again).sendTo(w)
}

// isBytes tells whether a body is a binary payload.
func isBytes(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/octet-stream"
}
