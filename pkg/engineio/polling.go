package engineio

import (
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// requestTimeout is how long a client may take to send the body of a request, and to take the
// answer to a GET.
const requestTimeout = 30 * time.Second

// pendingRequestTimeout is the same for a request that belongs to no session that is let in.
const pendingRequestTimeout = 10 * time.Second

// polling carries a session by HTTP: a GET that waits for packets, and POSTs that bring them. At
// most one of each is under way at a time; a second one ends the session.
type polling struct {
	session *Session
	bound   Binding // to the user of the handshake

	// Session.mu guards these.
	getting       bool
	waiting       *get // the GET that is looking for something to say; nil while there is none
	posting       bool
	over          bool // polling carries the session no more: it has ended, or was upgraded
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
	return &polling{session: s, lastWord: closeWord}
}

// servePolling begins a session: the answer is its open packet.
func servePolling(s *Session, w responder, r *http.Request) {
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

func (p *polling) serveRequest(w responder, r *http.Request) {
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
func (p *polling) begin(place *bool, w responder, r *http.Request) bool {
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

// post takes the packets of a client.
func (p *polling) post(w responder, r *http.Request) {
	if !p.begin(&p.posting, w, r) {
		return
	}
	if r.Header.Get("Content-Type") == "application/octet-stream" { // binary travels in base64 since v4
		p.finish(&p.posting)
		p.session.Close(TransportError)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.readBody(p.session.messageLimit(), func(body []byte, err error) {
		defer p.finish(&p.posting)
		p.posted(w, body, err)
	})
}

// posted answers a POST whose body has come, or won't.
func (p *polling) posted(w responder, body []byte, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p.session.server.options.OnTooLarge()
		if reason := p.session.tooBig(); reason == TooMuchPending { // else it goes on, as with the official server
			p.session.Close(reason)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case err != nil:
		p.abandoned()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
	default:
		p.receive(body)
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, "ok")
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
	p.session.mu.Lock()
	g := p.waiting
	p.session.mu.Unlock()
	if g != nil {
		g.to.wake()
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

func (p *polling) shareTurns(netpoll.Crowd) {}
func (p *polling) writable() bool           { return p.getting }
func (p *polling) endBy() time.Duration     { return p.graceUntil }

// upgradeBy gives a session more time while a WebSocket asks to carry it: as much as that one has, since its client may believe that the
// upgrade has succeeded. A later WebSocket, after that one has failed, gets no more.
func (p *polling) upgradeBy() time.Duration {
	if p.mustUpgradeBy != 0 && p.upgrade.stage != noUpgrade {
		return p.mustUpgradeBy + UpgradeTimeout
	}
	return p.mustUpgradeBy
}

// interrupt has the receiver told, and the upgrade fail: but a client whose probe is answered reads by the WebSocket alone, where it is
// told what is left when it comes with "5".
func (p *polling) interrupt() {
	if p.upgrade.conn != nil && (p.upgrade.stage != upgradeAsked || p.session.state == ended) {
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
	p.over = true
	said := p.graceUntil != 0
	p.session.mu.Unlock()
	p.wake()
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
