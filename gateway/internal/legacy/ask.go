package legacy

import (
	"bytes"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// ask has the session answer a request. The transport answers a GET when a packet is written, and a POST when all of it is read, and can't be
// interrupted: if the session ends in the middle of that, by a packet of the body say, it stays until a deadline. So it is not waited for
// by then: answered is false, and the client keeps its place until the transport is done.
func (c *client) ask(r *http.Request) (said *held, answered bool) {
	c.mu.Lock()
	c.asking++
	c.mu.Unlock()
	answer := &held{header: make(http.Header)} // the goroutine's, until it is done
	done := make(chan struct{})
	go func() {
		defer c.asked()
		defer close(done)
		defer func() { // net/http, which recovers from the panics of handlers, does not see this one
			if v := recover(); v != nil {
				c.server.options.Logger.Error("legacy: a transport panicked", "panic", v, "stack", string(debug.Stack()))
				answer.status = http.StatusInternalServerError
				c.end(engineio.TransportError)
			}
		}()
		c.session.ServeHTTP(answer, r)
	}()
	select {
	case <-done:
		return answer, true
	case <-c.over:
	}
	grace := time.NewTimer(answerGrace)
	defer grace.Stop()
	select {
	case <-done:
		return answer, true
	case <-grace.C:
		return nil, false
	}
}

// answerGrace is for the answer to a request by which the session has ended.
const answerGrace = 100 * time.Millisecond

// limitWriting gives the transport a deadline for the packet that answers a GET. A client that is there has one by then: its pong.
func (c *client) limitWriting() {
	deadline := time.Now().Add(c.server.engine.PingInterval + c.server.engine.PingTimeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.carriers {
		if polling, ok := conn.(*pollingCarrier); ok {
			polling.SetWriteDeadline(deadline)
		}
	}
}

// asked gives the client's place back if it has gone meanwhile.
func (c *client) asked() { c.part(func() { c.asking-- }) }

// leave gives the client's place back, or leaves that to the last request that its session answers.
func (c *client) leave() { c.part(func() { c.forgotten = true }) }

// part notes, with mu held, that one of those is over that keep the client's place. The last gives it back.
func (c *client) part(note func()) {
	c.mu.Lock()
	note()
	last := c.forgotten && c.asking == 0
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

// goodbye has a client that polls hear that the server has closed, in the place of an error.
func goodbye() *held {
	h := &held{header: http.Header{"Content-Type": {"text/plain; charset=UTF-8"}}}
	h.body.WriteString("1:1")
	return h
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

// sendPackets sends the answer to a GET, whose characters have been counted by then.
func (h *held) sendPackets(w http.ResponseWriter) {
	if h.status == 0 && h.header.Get("Content-Type") != "application/octet-stream" {
		h.body = *bytes.NewBuffer(unitsFromBytes(h.body.Bytes()))
	}
	h.header.Set("Content-Length", strconv.Itoa(h.body.Len()))
	h.header.Set("Cache-Control", "no-store")
	h.sendTo(w)
}

func (h *held) sendTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	w.Write(h.body.Bytes())
}
