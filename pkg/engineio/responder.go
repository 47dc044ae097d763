package engineio

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// responder is who reads the body of one request and writes its answer: net/http, whose goroutine waits for both, or a Door, where
// nobody waits. What is answered, and when, is the same code's for either.
type responder interface {
	http.ResponseWriter
	// limitBody gives the body its time: requestTimeout for that of a client that is let in, else pendingRequestTimeout. It is called for
	// every request, also for a body that nobody wants: it is read before the answer is written.
	limitBody(letIn bool)
	// readBody reads the body and then calls with it; with an *http.MaxBytesError if it is longer than limit, and with another error if it
	// does not come to its end. The body is valid during the call.
	readBody(limit int, then func(body []byte, err error))
	// hold calls g.look now, and once more after each wake, until that has answered; or g.abandoned when the client is gone.
	hold(g *get)
	// wake may be called by any goroutine, and by locks' holders, from the call of hold on, and also after the answer.
	wake()
	// deliver writes the content of the answer, and then tells whether the client has taken it in time. Nothing is written after it.
	deliver(content []byte, then func(error))
}

// byNetHTTP is a request that net/http serves.
type byNetHTTP struct {
	http.ResponseWriter
	request *http.Request
	awake   chan struct{} // of one
}

// Unwrap is for http.ResponseController.
func (n *byNetHTTP) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func (n *byNetHTTP) control() *http.ResponseController {
	return http.NewResponseController(n.ResponseWriter)
}

func (n *byNetHTTP) limitBody(letIn bool) {
	limit := pendingRequestTimeout
	if letIn {
		limit = requestTimeout
	}
	if n.request.ContentLength != 0 {
		n.control().SetReadDeadline(time.Now().Add(limit))
	}
}

func (n *byNetHTTP) readBody(limit int, then func([]byte, error)) {
	body, err := io.ReadAll(http.MaxBytesReader(n.ResponseWriter, n.request.Body, int64(limit)))
	if err == nil {
		n.control().SetReadDeadline(time.Time{}) // of limitBody: who hears it may take its time
	}
	then(body, err)
}

func (n *byNetHTTP) hold(g *get) {
	for !g.look() {
		select {
		case <-n.awake:
		case <-n.request.Context().Done():
			g.abandoned()
			return
		}
	}
}

func (n *byNetHTTP) wake() {
	select {
	case n.awake <- struct{}{}:
	default:
	}
}

func (n *byNetHTTP) deliver(content []byte, then func(error)) {
	err := n.request.Context().Err() // not after the answer: then the client may well go
	if err == nil {
		n.control().SetWriteDeadline(time.Now().Add(requestTimeout)) // net/http takes it back after the request
		_, err = n.Write(content)
	}
	if err == nil {
		err = n.control().Flush()
	}
	if errors.Is(err, http.ErrNotSupported) {
		err = nil
	}
	then(err)
}
