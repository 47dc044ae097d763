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

// answer has an answer written, at once if it is short. The next request is looked at when that has been done.
func (a *arrival) answer(x *exchange) {
	s := x.answer()
	a.exchange, a.served, a.leaving = nil, true, s.closes
	if a.proxied { // the next request may be another client's
		a.conn.ShareTurns(crowdOf(a.network))
	}
	if len(s.frames) == 1 {
		n, err := a.conn.TryWrite(s.frames[0])
		if err == nil && n == len(s.frames[0]) {
			a.wrote(s)
			return
		}
		s.frames[0] = s.frames[0][n:]
	}
	a.said = s
	a.writing.Store(true)
	a.door.enter(&a.door.lines.answers, a)
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

// Written is told once the kernel has taken the answer.
func (a *arrival) Written(b netpoll.Batch) bool {
	a.wrote(b.(*said))
	a.conn.TurnAgainIfPaused()
	return false
}

// wrote goes on with the next request, or with the end.
func (a *arrival) wrote(s *said) {
	s.tell(nil)
	next := &a.door.lines.idle
	if s.closes {
		next = &a.door.lines.ends
		a.conn.CloseWrite()
	}
	if retired := a.door.wrote(a, next); retired {
		a.conn.Interrupt()
	}
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
	session, r, cause := a.judge(x.request, query)
	switch {
	case session == nil && cause == "": // somebody panicked
		return
	case cause != "":
		a.door.server.refuse(x, x.request, cause)
		a.answer(x)
		return
	}
	answer := upgradeAnswer(r.Header.Get("Sec-WebSocket-Key"))
	var p *polling
	if known := query.Get("sid") != ""; known {
		if p = session.claimUpgrade(); p == nil { // before the client can know; there is one already, or has been
			if writeAnswer(a.conn, answer) == nil {
				turnAway(a.conn)
			}
			a.fate = over
			a.conn.Interrupt()
			return
		}
	}
	a.door.options.Depart(a.mark)
	c := &websocket{session: session, conn: a.conn}
	c.conn.HandTo(c)
	c.conn.ShareTurns(session.crowd())
	a.door.present.Done()
	if p != nil {
		p.try(c)
		c.ignoring = writeAnswer(c.conn, answer) != nil
	} else {
		c.open(answer, r)
	}
	if len(early) > 0 {
		c.Received(early)
	}
}

// judge finds the session of a handshake, or makes one, or says why not. The request it returns knows whose it is.
func (a *arrival) judge(r *http.Request, query url.Values) (session *Session, identified *http.Request, cause string) {
	defer a.guard()
	s := a.door.server
	if session, cause = s.check(r, query); cause != "" || session != nil {
		return session, r, cause
	}
	return s.begin(r)
}

// crowdOf is whom the sender of a request shares its turns with: nobody, if it belongs to a session that is let in.
func (s *Server) crowdOf(r *http.Request, query url.Values) netpoll.Crowd {
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
