package engineio

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// bodyTimeout is how long a client may take to send the body of a POST.
const bodyTimeout = 30 * time.Second

// noopDelay is how long a GET that comes during an upgrade waits for packets before it is answered
// with a noop: the client can't finish the upgrade while a GET is pending.
const noopDelay = 20 * time.Millisecond

// polling carries a session by HTTP: a GET that waits for packets, and POSTs that bring them. At
// most one of each is under way at a time; a second one ends the session.
type polling struct {
	session *Session
	ready   chan struct{} // of one: a GET has something to look at
	over    chan struct{} // closed when polling carries the session no more
	leaving sync.Once

	// Session.mu guards these.
	getting  bool
	posting  bool
	probing  bool   // a WebSocket is there that may take over
	probed   bool   // it has asked to
	lastWord string // what a GET that waits is told at the end
}

const (
	closeWord = "1" // the server ends the session
	noopWord  = "6" // the client did, or goes on by WebSocket
)

func newPolling(s *Session) *polling {
	return &polling{session: s, ready: make(chan struct{}, 1), over: make(chan struct{}), lastWord: closeWord}
}

// servePolling begins a session: the answer is its open packet.
func servePolling(s *Session, w http.ResponseWriter, r *http.Request) {
	p := newPolling(s)
	s.carrier = p
	s.turn.Lock() // nobody is told Closed before Open has returned
	if !s.server.register(s) {
		s.Close(ShuttingDown)
	}
	s.server.options.Observer.SessionOpened()
	s.Send(s.server.openPacket(s.id, "websocket"))
	s.startHeart()
	s.limitPolling()
	s.receiver = s.server.handler.Open(s, r)
	s.turn.Unlock()
	p.get(w, r)
}

// limitPolling gives a session its time to upgrade.
func (s *Session) limitPolling() {
	if s.server.options.Polling != PollingUpgrade {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upgradeBy = s.server.wheel.clock() + probeTimeout
	s.server.wheel.add(s, s.upgradeBy)
}

// polls tells whether the session is carried by polling.
func (s *Session) polls() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.carrier.(*polling)
	return ok
}

// servePoll takes one request of a session that polls.
func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, ok := s.carrier.(*polling)
	s.mu.Unlock()
	switch {
	case ok && r.Method == http.MethodGet:
		p.get(w, r)
	case ok && r.Method == http.MethodPost:
		p.post(w, r)
	default: // another method, or it has been upgraded since it was looked up
		badRequest.write(w, r)
	}
}

// begin takes one of the two places; it reports false, and ends the session, when it is taken.
func (p *polling) begin(place *bool) bool {
	p.session.mu.Lock()
	free := !*place
	*place = true
	p.session.mu.Unlock()
	if !free {
		p.session.Close(TransportError)
	}
	return free
}

func (p *polling) finish(place *bool) {
	p.session.mu.Lock()
	*place = false
	p.session.mu.Unlock()
}

// get answers with all packets that wait, or waits for some.
func (p *polling) get(w http.ResponseWriter, r *http.Request) {
	if !p.begin(&p.getting) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	defer p.finish(&p.getting)
	for {
		b, probed := p.take()
		if b != nil {
			p.answer(w, r, b)
			return
		}
		var noop <-chan time.Time
		if probed {
			noop = time.After(noopDelay)
		}
		select {
		case <-p.ready:
		case <-noop:
			writePayload(w, r, []byte(noopWord))
			return
		case <-p.over:
			p.end(w, r, probed)
			return
		case <-r.Context().Done(): // the client gave up waiting
			p.session.end(TransportError)
			return
		}
	}
}

// end answers a GET whose session is over, or goes on elsewhere.
func (p *polling) end(w http.ResponseWriter, r *http.Request, probed bool) {
	p.session.mu.Lock()
	word, upgraded := p.lastWord, p.session.carrier != carrier(p)
	p.session.mu.Unlock()
	if upgraded && probed { // it came after the WebSocket: the session is not to be polled
		badRequest.write(w, r)
		return
	}
	writePayload(w, r, []byte(word))
}

// take is Session.take for as long as polling carries the session.
func (p *polling) take() (b *batch, probed bool) {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.carrier == carrier(p) {
		b, s.out = s.out, nil
	}
	return b, p.probed
}

// answer writes a batch.
func (p *polling) answer(w http.ResponseWriter, r *http.Request, b *batch) {
	payload := encodePayload(b.packets)
	if p.settle(b) {
		defer p.session.end(TransportClose)
	}
	writePayload(w, r, payload)
	if r.Context().Err() != nil {
		p.session.end(TransportError)
	}
}

// settle gives a batch back, and tells whether it was the last of a closing session. The writing
// side may have gone to a WebSocket meanwhile.
func (p *polling) settle(b *batch) (last bool) {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued -= b.cost
	b.free()
	if s.carrier != carrier(p) || s.out != nil {
		return false
	}
	s.writing = false
	return s.state == closing
}

// post takes the packets of a client.
func (p *polling) post(w http.ResponseWriter, r *http.Request) {
	if !p.begin(&p.posting) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	defer p.finish(&p.posting)
	if r.Header.Get("Content-Type") == "application/octet-stream" { // binary travels in base64 since v4
		p.session.Close(TransportError)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := p.body(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge): // the session goes on, as with the official server
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		p.session.end(TransportError)
		return
	}
	p.receive(body)
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok")
}

func (p *polling) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer control.SetReadDeadline(time.Time{})
	return io.ReadAll(http.MaxBytesReader(w, r.Body, int64(p.session.server.options.MaxPayload)))
}

// receive takes packets one by one; those before a bad one count.
func (p *polling) receive(body []byte) {
	s := p.session
	for data := range splitPayload(body) {
		kind, payload, err := decodeText(data)
		if err == nil && kind == typeClose {
			p.farewellOfClient()
			return
		}
		if !s.packet(kind, payload, err) {
			return
		}
	}
}

// farewellOfClient ends the session by the client's wish. Its GET may still be on the way.
func (p *polling) farewellOfClient() {
	p.session.mu.Lock()
	p.lastWord = noopWord
	p.session.mu.Unlock()
	p.session.Close(TransportClose)
}

// wake has a GET that waits look at the queue.
func (p *polling) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// last lets a client that broke the protocol, or is silent, fetch nothing more: its next request
// finds no session, as with the official server.
func (p *polling) last(reason Reason, _ *Packet) *Packet {
	switch reason {
	case ParseError, TransportError, PingTimeout:
		return nil
	}
	if p.lastWord == noopWord {
		return pollingNoop
	}
	return pollingClose
}

var (
	pollingClose = newPacket(finText, []byte(closeWord))
	pollingNoop  = newPacket(finText, []byte(noopWord))
)

// interrupt has the receiver told.
func (p *polling) interrupt() { p.leaving.Do(func() { go p.farewell() }) }

// cut ends a GET that waits.
func (p *polling) cut() {
	p.interrupt()
	close(p.over)
}

// farewell tells the receiver, and gives a closing session its time to fetch what is queued for it.
func (p *polling) farewell() {
	s := p.session
	defer s.server.readers.Done()
	s.tellClosed()
	grace := time.NewTimer(s.server.options.CloseGrace)
	defer grace.Stop()
	select {
	case <-p.over:
	case <-grace.C:
		s.end(TransportClose)
	}
}
