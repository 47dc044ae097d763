package engineio

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// open answers a request whose turn has come, and takes what is behind its head.
func (a *arrival) open(r *http.Request, query url.Values, data []byte, end int) {
	d := a.door
	upgrade := isUpgrade(r)
	if !upgrade && !a.conn.Watched() { // who waits for an answer would need its goroutine
		a.keep(data)
		a.goOn()
		a.conn.Interrupt()
		return
	}
	if !d.leave(a) {
		a.fate = over
		return
	}
	a.head = nil
	x := &exchange{arrival: a, request: r, missing: int(r.ContentLength), header: make(http.Header)}
	if upgrade {
		a.openWebSocket(x, query, data[end:])
	} else {
		a.openPolling(x, query, data[end:])
	}
}

// openPolling answers a request of long-polling, or has it wait for its body or for something to say.
func (a *arrival) openPolling(x *exchange, query url.Values, behind []byte) {
	defer a.guard()
	d, r := a.door, x.request
	a.conn.ShareTurns(d.server.crowdOf(r, query))
	a.exchange, a.posted = x, r.Method == http.MethodPost
	if cause := d.options.Hear(a.mark, r); cause != "" {
		x.Header().Set("Connection", "close")
		x.hangUp() // of the body nothing is awaited
		RefusalFor(cause).Write(x, r)
	} else {
		d.server.serve(x, r, query)
	}
	if rest := x.takes(behind); x.missing > 0 {
		d.enter(x.slow, a)
	} else {
		a.heard(rest)
	}
}

// bodyComes takes the next bytes of a body, and what is behind it.
func (a *arrival) bodyComes(data []byte) {
	if rest := a.exchange.takes(data); a.exchange.missing == 0 {
		a.door.leave(a) // it may be too late by now, and has come all the same
		a.heard(rest)
	}
}

// bodyFails is told that the rest of a body won't come, or not in time.
func (a *arrival) bodyFails() {
	a.exchange.fails()
	a.door.leave(a)
	a.heard(nil)
}

// heard goes on with a request whose body has come, or won't. What is behind it waits for its answer.
func (a *arrival) heard(behind []byte) {
	a.door.options.Heard(a.mark)
	if x := a.exchange; x.waiting == nil {
		a.answer(x)
	} else {
		a.lookFor(x)
	}
	if len(behind) > 0 && !a.leaving {
		a.keepForLater(behind)
	}
}

// lookFor answers a GET if there is something to say.
func (a *arrival) lookFor(x *exchange) {
	if x.waiting.look() {
		x.waiting = nil
		a.answer(x)
	}
}

// answer has an answer written. The next request is looked at when that has been done.
func (a *arrival) answer(x *exchange) {
	a.exchange, a.served = nil, true
	a.said = x.answer()
	a.leaving = a.said.closes
	a.writing.Store(true)
	a.door.enter(&a.door.lines.answers, a)
	if a.proxied { // the next request may be another client's
		a.conn.ShareTurns(crowdOf(peerNetwork(a.conn)))
	}
	a.conn.Wake()
}

// Take is the writer's, and so is what follows.
func (a *arrival) Take() netpoll.Batch {
	if a.said == nil {
		return nil
	}
	s := a.said
	a.said = nil
	return s
}

// Written goes on with the next request, or with the end.
func (a *arrival) Written(b netpoll.Batch) bool {
	s := b.(*said)
	s.tell(nil)
	next := &a.door.lines.idle
	if s.closes {
		next = &a.door.lines.ends
		a.conn.CloseWrite()
	}
	if retired := a.door.wrote(a, next); retired {
		a.conn.Interrupt()
	}
	a.conn.TurnAgainIfPaused()
	return false
}

var errNotTaken = errors.New("the client has not taken its answer")

// WriteFailed ends the connection.
func (a *arrival) WriteFailed(b netpoll.Batch) {
	b.(*said).tell(errNotTaken)
	a.writing.Store(false)
	a.conn.TurnAgainIfPaused()
	a.conn.Cut()
}

// openWebSocket makes a session of a handshake, or a candidate for one that polls, or refuses it.
func (a *arrival) openWebSocket(x *exchange, query url.Values, early []byte) {
	defer a.guard()
	d, s, r := a.door, a.door.server, x.request
	session, cause := s.check(r, query)
	known := session != nil
	if cause == "" && !known {
		session, r, cause = s.begin(r)
	}
	if cause != "" {
		s.refuse(x, r, cause)
		a.answer(x)
		return
	}
	var p *polling
	if known {
		p = session.claimUpgrade() // before the client can know
	}
	answer := upgradeAnswer(r.Header.Get("Sec-WebSocket-Key"))
	if known && p == nil { // there is one already, or has been
		if writeAnswer(a.conn, answer) == nil {
			turnAway(a.conn)
		}
		a.fate = over
		a.conn.Interrupt()
		return
	}
	d.options.Depart(a.mark)
	c := &websocket{session: session, conn: a.conn}
	c.conn.HandTo(c)
	c.conn.ShareTurns(session.crowd())
	d.present.Done()
	if known {
		p.try(c)
		c.ignoring = writeAnswer(c.conn, answer) != nil
	} else {
		c.open(answer, r)
	}
	if len(early) > 0 {
		c.Received(early)
	}
}

// crowdOf is whom the sender of a request shares its turns with: nobody, if it belongs to a session that is let in.
func (s *Server) crowdOf(r *http.Request, query url.Values) uint64 {
	if session := s.registered(query.Get("sid")); session != nil {
		return session.crowd()
	}
	return crowdOf(networkOf(s.options.CountedAddr(r)))
}

type markKey struct{}

// MarkOf returns the mark that DoorOptions.Arrive gave to the connection of a request, whoever serves it. Nil is none. It needs
// Door.ConnContext.
func MarkOf(r *http.Request) any { return r.Context().Value(markKey{}) }

// ConnContext is for http.Server.ConnContext: it is what MarkOf needs.
func (d *Door) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if p, ok := conn.(*Passed); ok {
		return context.WithValue(ctx, markKey{}, p.mark)
	}
	return ctx
}
