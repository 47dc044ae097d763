package engineclient

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Answer is what came back over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// String is the status and the type of the body, for people.
func (a Answer) String() string {
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, kind))
}

// ReadAnswer reads the body, or its first bytes, as many as most, and closes it.
func ReadAnswer(res *http.Response, most int64) (Answer, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, most))
	return Answer{res.StatusCode, res.Header, string(body)}, err
}

// Refused is an answer to a WebSocket handshake other than 101.
type Refused struct{ Answer }

func (r Refused) Error() string { return "the WebSocket handshake is answered " + r.String() }
