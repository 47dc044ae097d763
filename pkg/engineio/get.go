package engineio

import (
	"net/http"
	"time"
)

// noopDelay is how long a GET that comes during an upgrade waits for packets before it is answered
// with a noop: the client can't finish the upgrade while a GET is pending.
const noopDelay = 20 * time.Millisecond

// get is a GET that is answered with all packets that wait, or waits for some.
type get struct {
	polling *polling
	to      responder
	request *http.Request
	late    bool // it came when the WebSocket was there already

	// Session.mu guards these.
	hurries bool // the client waits for the answer before it goes on by WebSocket
	tooLong bool // for noopDelay
}

// get serves a GET.
func (p *polling) get(w responder, r *http.Request) {
	if !p.begin(&p.getting, w, r) {
		return
	}
	g := &get{polling: p, to: w, request: r}
	p.session.mu.Lock()
	g.late = p.upgrade.stage != noUpgrade
	p.waiting = g
	p.session.mu.Unlock()
	w.hold(g)
}

// look answers if there is something to say.
func (g *get) look() (answered bool) {
	p := g.polling
	b, over, noop := g.take()
	switch {
	case b != nil:
		g.answer(b)
	case over:
		g.answerAtEnd()
	case noop:
		p.leaveGet()
		writePayload(g.to, g.request, []byte(noopWord), func(error) {})
	default:
		return false
	}
	return true
}

// take returns what waits. Over means that polling carries the session no more. Noop means that nothing waits, and that the client has
// waited long enough for this answer, without which it can't go on by WebSocket.
//
// A close packet is left for a GET of its own. A client that finds one behind messages ends its connection before it handles these, and
// does so in the next one, where it is told some of them again.
func (g *get) take() (b *batch, over, noop bool) {
	p := g.polling
	o := &p.session.outbox
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	if p.over {
		return nil, true, false
	}
	if b = o.take(); b != nil {
		o.leave(b, pollingClose, pollingLateClose)
		return b, false, false
	}
	if p.upgrade.stage != upgradeAsked {
		return nil, false, false
	}
	if !g.hurries {
		g.hurries = true
		time.AfterFunc(noopDelay, g.hurry)
	}
	return nil, false, g.tooLong
}

func (g *get) hurry() {
	g.polling.session.mu.Lock()
	g.tooLong = true
	g.polling.session.mu.Unlock()
	g.to.wake()
}

// answer writes a batch. Until the client has it, it counts as queued.
func (g *get) answer(b *batch) {
	p := g.polling
	payload, cost, large := encodePayload(b.packets), b.cost, b.large
	last := p.settle(b)
	writePayload(g.to, g.request, payload, func(err error) {
		p.session.mu.Lock()
		p.session.outbox.written(cost, large)
		p.session.mu.Unlock()
		switch {
		case last:
			p.session.end(TransportClose)
		case err != nil:
			p.abandoned()
		}
	})
}

// answerAtEnd answers a GET whose session is over, or goes on by WebSocket. A late one is a bad request then.
func (g *get) answerAtEnd() {
	p := g.polling
	p.session.mu.Lock()
	word, upgraded := p.lastWord, !p.carries()
	p.session.mu.Unlock()
	if upgraded && g.late {
		BadRequest.Write(g.to, g.request)
		return
	}
	writePayload(g.to, g.request, []byte(word), func(error) {})
}

// leaveGet gives the place of the GET back.
func (p *polling) leaveGet() {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	p.getting, p.waiting = false, nil
}

// abandoned is told that the client is gone.
func (g *get) abandoned() { g.polling.abandoned() }

// settle gives a batch back, and the place of the GET. It reports whether the batch was the last of a closing
// session, which takes no further GET. The writing side may have gone to a WebSocket meanwhile.
func (p *polling) settle(b *batch) (last bool) {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	b.free()
	last = p.carries() && !s.outbox.more() && s.state == closing
	p.getting, p.waiting = last, nil
	return last
}
