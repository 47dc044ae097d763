package attach

import (
	"net/http"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// askTimeout is how long a handshake waits for the app's answer.
const askTimeout = 10 * time.Second

// question is a handshake that the app is asked about.
type question struct {
	number uint64
	link   *link
	answer chan answer // of one
}

type answer struct {
	Ask     uint64      `json:"ask"`
	OK      bool        `json:"ok"`
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body"` // base64
}

// questions are those that are not answered yet.
type questions struct {
	mu     lockorder.Mutex[questions]
	number uint64
	open   map[uint64]*question
}

func (q *questions) add(l *link) *question {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open == nil {
		q.open = make(map[uint64]*question)
	}
	q.number++
	one := &question{number: q.number, link: l, answer: make(chan answer, 1)}
	q.open[one.number] = one
	return one
}

func (q *questions) take(number uint64) *question {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.open[number]
	delete(q.open, number)
	return one
}

// forget is take of a question that may not have been asked.
func (q *questions) forget(one *question) {
	if one != nil {
		q.take(one.number)
	}
}

// Asks tells whether handshakes have to be asked about. Then they may not be taken by an engineio.Door, but by Ask.
func (h *Hub) Asks() bool { return h.asks.Load() }

// unanswered is what a client is told that has to come back later.
var unanswered = engineio.Asked{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"5"}}}

// Ask asks the app about a handshake, if it wants to be asked: engineio.Options.Ask. Without an answer within 10 s the client is told 503.
func (h *Hub) Ask(r *http.Request) engineio.Asked {
	if !h.asks.Load() {
		return engineio.Asked{}
	}
	timeout := time.NewTimer(askTimeout)
	defer timeout.Stop()
	for {
		l, attached := h.linkToAsk()
		var q *question
		var over <-chan struct{}
		var said <-chan answer
		if l != nil {
			q = h.questions.add(l)
			if !l.tryPut(h.askFrame(q.number, r)) {
				h.questions.take(q.number)
				return unanswered
			}
			over, said, attached = l.over, q.answer, nil
		}
		select {
		case a := <-said:
			return a.asked(q)
		case <-over:
			h.questions.take(q.number) // another link may know
		case <-attached:
		case <-timeout.C:
			h.questions.forget(q)
			return unanswered
		case <-r.Context().Done():
			h.questions.forget(q)
			return unanswered
		}
	}
}

// linkToAsk returns the link that would get the next client, or what tells that there is one.
func (h *Hub) linkToAsk() (l *link, attached <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, other := range h.links {
		if other.ready && !other.isLeaving() && (l == nil || other.clients < l.clients) {
			l = other
		}
	}
	return l, h.attached
}

func (h *Hub) askFrame(number uint64, r *http.Request) []byte {
	return jsonFrame(opAsk, struct {
		Ask       uint64 `json:"ask"`
		Head      head   `json:"head"`
		Transport string `json:"transport"`
	}{number, h.words.unpack(h.words.pack(r)), r.URL.Query().Get("transport")})
}

// asked is what the engine makes of an answer.
func (a answer) asked(q *question) engineio.Asked {
	said := engineio.Asked{Header: make(http.Header), Note: q}
	for _, field := range a.Headers {
		said.Header.Add(field[0], field[1])
	}
	if !a.OK {
		said.Status, said.Body = a.Status, a.Body
		if a.Status < 200 || a.Status > 599 {
			said.Status = http.StatusForbidden
		}
	}
	return said
}

// answer hears what an app says to a question.
func (l *link) answer(d *decoder) error {
	var a answer
	d.json(&a)
	if err := d.done(); err != nil {
		return err
	}
	if q := l.hub.questions.take(a.Ask); q != nil && q.link == l {
		q.answer <- a
	}
	return nil
}
