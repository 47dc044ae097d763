package legacy

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
)

// ask has the session answer a request.
func (c *client) ask(r *http.Request) *held {
	answer := &held{header: make(http.Header)}
	c.session.ServeHTTP(answer, r)
	return answer
}

// held is an answer that is not sent yet.
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
