package engineio

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// exchange is a request whose head a Door has read, and its answer. It is the request's responder. But for wake, only the reading side of
// its connection uses it.
type exchange struct {
	arrival *arrival
	request *http.Request
	slow    *line // where the connection stands while the body comes

	closes  bool // the connection ends behind the answer
	missing int  // bytes of the body that are to come
	body    []byte
	reading func(body []byte, err error) // is told of the body; nil where nobody wants it
	waiting *get                         // for something to say

	header  http.Header
	status  int // 0: not answered yet
	content []byte
	then    func(error) // is told whether the client took the answer
}

// tooMuchUnread is how long a body may be that nobody wants and that is read all the same, for the connection's next request. It is
// net/http's bound.
const tooMuchUnread = 256 << 10

func (x *exchange) Header() http.Header { return x.header }

func (x *exchange) WriteHeader(status int) { x.status = status }

func (x *exchange) Write(content []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	x.content = append(x.content, content...)
	return len(content), nil
}

func (x *exchange) limitBody(letIn bool) {
	x.slow = &x.arrival.door.lines.bodies
	if letIn {
		x.slow = &x.arrival.door.lines.known
	}
}

// readBody does not wait for what a body that is too long has within the limit, as net/http would.
func (x *exchange) readBody(limit int, then func([]byte, error)) {
	if x.missing > limit {
		x.hangUp()
		x.header.Set("Connection", "close")
		then(nil, &http.MaxBytesError{Limit: int64(limit)})
		return
	}
	x.reading = then
}

// hangUp has the connection closed behind the answer, and what is missing of the body not read.
func (x *exchange) hangUp() { x.missing, x.closes = 0, true }

func (x *exchange) hold(g *get) { x.waiting = g }

func (x *exchange) wake() { x.arrival.conn.Interrupt() }

func (x *exchange) deliver(content []byte, then func(error)) {
	x.status, x.content, x.then = http.StatusOK, content, then
}

// takes takes bytes of the body, and returns what is behind it.
func (x *exchange) takes(data []byte) (rest []byte) {
	if x.status != 0 && x.missing >= tooMuchUnread {
		x.hangUp()
	}
	n := min(len(data), x.missing)
	x.missing -= n
	data, rest = data[:n], data[n:]
	if x.reading == nil {
		return rest
	}
	if x.missing > 0 || x.body != nil {
		x.body = append(x.body, data...)
		data = x.body
	}
	if x.missing == 0 {
		x.tell(data, nil)
	}
	return rest
}

// fails is told that the rest of the body won't come.
func (x *exchange) fails() {
	if x.reading != nil {
		x.tell(nil, io.ErrUnexpectedEOF)
	}
	x.hangUp()
}

func (x *exchange) tell(body []byte, err error) {
	reading := x.reading
	x.reading, x.body = nil, nil
	reading(body, err)
}

// said is an answer on its way to a client. It is a netpoll.Batch.
type said struct {
	frames [][]byte // head and content
	closes bool     // the connection ends behind it
	then   func(error)
}

func (s *said) Len() int           { return len(s.frames) }
func (s *said) Frame(i int) []byte { return s.frames[i] }

func (s *said) tell(err error) {
	if s.then != nil {
		s.then(err)
	}
}

// maxCopied is the length from which on the content of an answer is not copied behind its head.
const maxCopied = 4096

// answer is what net/http would make of what has been said: the same lines in the same order.
func (x *exchange) answer() *said {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	told := x.header.Get("Connection") == "close"
	closes := told || x.closes || x.request.Close
	var head bytes.Buffer
	head.Grow(256)
	head.WriteString("HTTP/1.1 ")
	head.WriteString(strconv.Itoa(x.status))
	head.WriteString(" ")
	head.WriteString(http.StatusText(x.status))
	head.WriteString("\r\n")
	if x.status == http.StatusNoContent {
		x.header.Del("Content-Length")
	}
	x.header.Write(&head)
	head.WriteString("Date: ")
	head.Write(time.Now().UTC().AppendFormat(head.AvailableBuffer(), http.TimeFormat))
	if x.header["Content-Length"] == nil && x.status != http.StatusNoContent {
		head.WriteString("\r\nContent-Length: ")
		head.WriteString(strconv.Itoa(len(x.content)))
	}
	if closes && !told {
		head.WriteString("\r\nConnection: close")
	}
	head.WriteString("\r\n\r\n")
	if len(x.content) < maxCopied {
		head.Write(x.content)
		return &said{frames: [][]byte{head.Bytes()}, closes: closes, then: x.then}
	}
	return &said{frames: [][]byte{head.Bytes(), x.content}, closes: closes, then: x.then}
}
