package legacy

import (
	"bytes"
	"maps"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// feed has the session read the body of a POST. The transport answers when all of it is read, and can't be interrupted: if the session ends
// before, by a packet within the body say, it sits there until the ping's deadline. So the client is answered by then, and keeps its place.
func (c *client) feed(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.feeding++
	c.mu.Unlock()
	said := &held{header: make(http.Header)}
	answered := make(chan struct{})
	go func() {
		defer c.fed()
		defer close(answered)
		defer func() { // net/http, which recovers from the panics of handlers, does not see this one
			if v := recover(); v != nil {
				c.server.options.Logger.Error("legacy: a transport panicked", "panic", v, "stack", string(debug.Stack()))
				said.status = http.StatusInternalServerError
				c.end(engineio.TransportError)
			}
		}()
		c.session.ServeHTTP(said, r)
	}()
	select {
	case <-answered:
	case <-c.over:
		select {
		case <-answered:
		case <-time.After(feedGrace):
			w.Write([]byte("ok"))
			return
		}
	}
	said.sendTo(w)
}

// feedGrace is for the answer to a body whose last packet has ended the session.
const feedGrace = 100 * time.Millisecond

// fed gives the client's place back if it has gone meanwhile.
func (c *client) fed() {
	c.mu.Lock()
	c.feeding--
	last := c.forgotten && c.feeding == 0
	c.mu.Unlock()
	if last {
		c.server.engine.Admission.Release(c.place)
	}
}

// leave gives the client's place back, or leaves that to the last body that is read.
func (c *client) leave() {
	c.mu.Lock()
	c.forgotten = true
	last := c.feeding == 0
	c.mu.Unlock()
	if last {
		c.server.engine.Admission.Release(c.place)
	}
}

// held is an answer that may come when nobody waits for it any more.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

func (h *held) sendTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	w.Write(h.body.Bytes())
}
