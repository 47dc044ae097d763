package engineio

import (
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"
)

// requestTimeout is how long a client may take to send the body of a request, and to take the
// answer to a GET.
const requestTimeout = 30 * time.Second

// pendingRequestTimeout is the same for a request that belongs to no session that is let in.
const pendingRequestTimeout = 10 * time.Second

// noopDelay is how long a GET that comes during an upgrade waits for packets before it is answered
// with a noop: the client can't finish the upgrade while a GET is pending.
const noopDelay = 20 * time.Millisecond

// polling carries a session by HTTP: a GET that waits for packets, and POSTs that bring them. At
// most one of each is under way at a time; a second one ends the session.
type polling struct {
	session *Session
	bound   Binding       // to the user of the handshake
	ready   chan struct{} // of one: a GET has something to look at
	over    chan struct{} // closed when polling carries the session no more: it has ended, or was upgraded

	// Session.mu guards these.
	getting       bool
	posting       bool
	upgrade       upgrade
	mustUpgradeBy time.Duration // on the wheel's clock; zero: never
	farewellBegun bool
	graceUntil    time.Duration // on the wheel's clock, once the farewell has been said; zero before
	lastWord      string        // what a GET that waits is told at the end
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
	p.bound.Bind(r, IdentityOf(r))
	s.carrier = p
	s.turn.Lock() // tellClosed waits until Open has returned
	if !s.server.register(s) {
		s.Close(ShuttingDown)
	}
	s.server.options.Observer.SessionOpened()
	s.Send(s.server.openPacket(s.id, "websocket"))
	s.startHeart()
	p.limit()
	s.receiver = s.server.handler.Open(s, r)
	s.turn.Unlock()
	p.get(w, r)
}

// limit gives a session its time to upgrade, where polling is only the way to a WebSocket.
func (p *polling) limit() {
	s := p.session
	if s.server.options.Polling != PollingUpgrade {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.mustUpgradeBy = s.server.wheel.clock() + UpgradeTimeout
	s.server.wheel.add(s, p.mustUpgradeBy)
}

func (p *polling) admits(r *http.Request) bool {
	return p.bound.Admits(r, p.session.server.options.Identify)
}

func (p *polling) serveRequest(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		p.get(w, r)
	case http.MethodPost:
		p.post(w, r)
	default:
		BadRequest.Write(w, r)
	}
}

// begin takes one of the two places, getting or posting. Finish gives it back, before the client can have the answer
// and come again. If the place is taken, begin answers and ends the session.
func (p *polling) begin(place *bool, w http.ResponseWriter, r *http.Request) bool {
	s := p.session
	s.mu.Lock()
	free, carries, state := !*place, p.carries(), s.state
	*place = true
	s.mu.Unlock()
	switch {
	case free:
		return true
	case !carries: // it has been upgraded since it was looked up
		BadRequest.Write(w, r)
	case state != open: // its last answer is on the way
		SessionUnknown.Write(w, r)
	default:
		s.Close(TransportError)
		w.WriteHeader(http.StatusBadRequest)
	}
	return false
}

// carries tells whether the session has not gone on by WebSocket. Session.mu is held.
func (p *polling) carries() bool { return p.session.carrier == carrier(p) }

func (p *polling) finish(place *bool) {
	p.session.mu.Lock()
	*place = false
	p.session.mu.Unlock()
}

// abandoned ends the session of a client that gave up a request, unless it has gone on by WebSocket.
func (p *polling) abandoned() {
	p.session.mu.Lock()
	carries := p.carries()
	p.session.mu.Unlock()
	if carries {
		p.session.end(TransportError)
	}
}

// get answers with all packets that wait, or waits for some.
func (p *polling) get(w http.ResponseWriter, r *http.Request) {
	if !p.begin(&p.getting, w, r) {
		return
	}
	late := p.isUpgrading()
	for {
		b, hurry := p.take()
		if b != nil {
			p.answer(w, r, b)
			return
		}
		var noop <-chan time.Time
		if hurry {
			noop = time.After(noopDelay)
		}
		select {
		case <-p.ready:
		case <-noop:
			p.finish(&p.getting)
			writePayload(w, r, []byte(noopWord))
			return
		case <-p.over:
			p.answerAtEnd(w, r, late)
			return
		case <-r.Context().Done():
			p.abandoned()
			return
		}
	}
}

// answerAtEnd answers a GET whose session is over, or goes on by WebSocket. A late one came when the WebSocket was
// there already: it is a bad request.
func (p *polling) answerAtEnd(w http.ResponseWriter, r *http.Request, late bool) {
	p.session.mu.Lock()
	word, upgraded := p.lastWord, !p.carries()
	p.session.mu.Unlock()
	if upgraded && late {
		BadRequest.Write(w, r)
		return
	}
	writePayload(w, r, []byte(word))
}

// take returns what waits, for as long as polling carries the session. A close packet comes by itself: a client that finds one behind
// messages ends its connection before it has read these, and hears them in the next one, beside those that it is told again there. Hurry
// says that the client waits for its GET to be answered before it goes on by WebSocket.
func (p *polling) take() (b *batch, hurry bool) {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	if p.carries() {
		b = p.session.outbox.take()
		p.session.outbox.leave(b, pollingClose, pollingLateClose)
	}
	return b, p.upgrade.stage == upgradeAsked
}

func (p *polling) isUpgrading() bool {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	return p.upgrade.stage != noUpgrade
}

// answer writes a batch. Until the client has it, it counts as queued.
func (p *polling) answer(w http.ResponseWriter, r *http.Request, b *batch) {
	payload, cost := encodePayload(b.packets), b.cost
	last := p.settle(b)
	err := r.Context().Err() // not after the answer: then the client may well go
	if err == nil {
		err = writePayload(w, r, payload)
	}
	p.session.mu.Lock()
	p.session.outbox.cost -= cost
	p.session.mu.Unlock()
	switch {
	case last:
		p.session.end(TransportClose)
	case err != nil:
		p.abandoned()
	}
}

// settle gives a batch back, and the place of the GET. It reports whether the batch was the last of a closing
// session, which takes no further GET. The writing side may have gone to a WebSocket meanwhile.
func (p *polling) settle(b *batch) (last bool) {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	b.free()
	last = p.carries() && !s.outbox.more() && s.state == closing
	p.getting = last
	return last
}

// post takes the packets of a client.
func (p *polling) post(w http.ResponseWriter, r *http.Request) {
	if !p.begin(&p.posting, w, r) {
		return
	}
	defer p.finish(&p.posting)
	if r.Header.Get("Content-Type") == "application/octet-stream" { // binary travels in base64 since v4
		p.session.Close(TransportError)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(p.session.messageLimit())))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p.session.server.options.OnTooLarge()
		if reason := p.session.tooBig(); reason == TooMuchPending { // else it goes on, as with the official server
			p.session.Close(reason)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		p.abandoned()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // of limitBody: the receiver may take its time
	p.receive(body)
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok")
}

// limitBody gives a request's body its time. It is for every request: net/http reads the rest of
// a body that nobody wanted before it answers.
func limitBody(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.ContentLength != 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
	}
}

// receive takes packets one by one; those before a bad one count.
func (p *polling) receive(body []byte) {
	s := p.session
	for data := range splitPayload(body) {
		kind, payload, err := decodeText(data)
		if err == nil && kind == typeClose {
			p.clientCloses()
			return
		}
		if err == nil && kind == typeMessage && !utf8.Valid(payload) {
			err = errNotUTF8 // sent on, it would have others close their WebSockets
		}
		if !s.packet(kind, payload, err) {
			return
		}
	}
}

// clientCloses ends the session by the client's wish. Its GET may still be on the way.
func (p *polling) clientCloses() {
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
	case ParseError, TransportError, PingTimeout, TooMuchPending:
		return nil
	}
	switch {
	case p.lastWord == noopWord:
		return pollingNoop
	case p.getting && p.session.outbox.idle():
		return pollingClose
	}
	return pollingLateClose
}

// The last packets. For a GET that comes after the close the official server has a noop before it.
var (
	pollingClose     = newPacket(finText, []byte(closeWord))
	pollingLateClose = newPacket(finText, []byte(noopWord+string(rune(separator))+closeWord))
	pollingNoop      = newPacket(finText, []byte(noopWord))
)

func (p *polling) takeOwnTurns()            {}
func (p *polling) writable() bool           { return p.getting }
func (p *polling) upgradeBy() time.Duration { return p.mustUpgradeBy }
func (p *polling) endBy() time.Duration     { return p.graceUntil }

// interrupt has the receiver told, and the upgrade fail.
func (p *polling) interrupt() {
	if p.upgrade.conn != nil {
		p.upgrade.conn.Cut()
	}
	if !p.farewellBegun {
		p.farewellBegun = true
		go p.farewell()
	}
}

// cut ends a GET that waits.
func (p *polling) cut() {
	p.session.mu.Lock()
	p.interrupt()
	said := p.graceUntil != 0
	p.session.mu.Unlock()
	close(p.over)
	if said {
		p.session.server.release()
	}
}

// farewell tells the receiver, and gives a closing session its time to fetch what is queued for it, which ends by the wheel: who
// has closed thousands of sessions would else keep as many goroutines. The last of farewell and cut releases what Shutdown waits
// for.
func (p *polling) farewell() {
	s := p.session
	s.tellClosed()
	s.mu.Lock()
	ended := s.state == ended
	if !ended {
		p.graceUntil = s.server.wheel.clock() + s.server.options.CloseGrace
		s.server.wheel.add(s, p.graceUntil)
	}
	s.mu.Unlock()
	if ended {
		s.server.release()
	}
}
