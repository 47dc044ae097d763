package engineio

import (
	"bytes"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// arrival is a connection whose first request has not been read to the end of its head. It is the netpoll.Owner until a
// websocket is; nothing is written meanwhile.
type arrival struct {
	nothingToWrite
	door *Door
	conn *netpoll.Conn
	mark any
	due  time.Time // when it is cut

	proxied bool // by the connection of a proxy

	before, after *arrival // in the line; the Door's mu guards these and waits
	waits         bool     // in the line
	kinship

	// Only the reading side uses these.
	head []byte // what has come, if it did not come at once or goes on
	fate fate

	accepting  bool        // by the accept loop, which does no more than reading
	introduced *introduced // until the client has its turn
}

// introduced is the handshake of a proxy's client, whose turn has not come.
type introduced struct {
	request *http.Request
	query   url.Values
	early   []byte // what came behind it
}

// fate is what becomes of an arrival that is not listened to any more.
type fate uint8

const (
	undecided fate = iota
	goesOn         // to net/http, with head
	over           // the connection is closed
)

// Listening is false once it is known what becomes of the connection. It is asked when the turn of a client has come that was
// introduced.
func (a *arrival) Listening() bool {
	if i := a.introduced; i != nil {
		a.introduced = nil
		a.open(i.request, i.query, i.early)
		return a.fate == undecided
	}
	if a.fate == undecided && a.door.isRetired() {
		a.goOn()
	}
	return a.fate == undecided
}

// Received takes the next bytes of the head, and what follows it.
func (a *arrival) Received(data []byte) {
	if a.head != nil {
		a.head = append(a.head, data...)
		data = a.head
	}
	end := headEnd(data)
	if end == 0 && len(data) < a.door.options.MaxHeaderBytes && maybeHandshake(data) {
		a.keep(data)
		return
	}
	if end > 0 && end <= a.door.options.MaxHeaderBytes {
		if r := parseHandshake(data[:end]); r != nil && a.serve(r, data[end:]) {
			return
		}
	}
	a.keep(data)
	a.goOn()
	a.conn.Interrupt() // for Listening to be asked
}

// keep holds on to what has come.
func (a *arrival) keep(data []byte) {
	if a.head == nil {
		a.head = bytes.Clone(data)
	}
}

// goOn has the connection go on to net/http, unless it is being cut.
func (a *arrival) goOn() {
	a.fate = over
	if a.door.leave(a) {
		a.fate = goesOn
	}
}

// ReadFailed leaves half a head to net/http, which has an answer to it. Where nobody waits for connections but a goroutine for
// each, a read fails as the Door is retired.
func (a *arrival) ReadFailed() (again bool) {
	if a.head != nil || a.door.isRetired() {
		a.goOn()
	}
	return false
}

// Gone is called unless the connection belongs to a websocket.
func (a *arrival) Gone() {
	d := a.door
	defer d.present.Done()
	if a.fate == goesOn {
		d.passConn(&Passed{Conn: a.conn.Release(), mark: a.mark, head: a.head})
		return
	}
	d.leave(a)
	a.conn.Close()
	if !a.departed {
		d.options.Depart(a.mark)
	}
}

// serve answers a handshake. False means that the request is for net/http.
func (a *arrival) serve(r *http.Request, early []byte) bool {
	d := a.door
	r.RemoteAddr = a.conn.RemoteAddr().String()
	query := r.URL.Query()
	if query.Get("EIO") != "4" || query.Get("transport") != "websocket" || query.Get("sid") != "" || !d.options.Takes(r) {
		return false
	}
	if !a.proxied || !a.introduce(r, query, early) {
		a.open(r, query, early)
	}
	return true
}

// introduce has the client of a proxy wait for a turn of its own address. False means that the turn has come: the client is the
// proxy itself.
func (a *arrival) introduce(r *http.Request, query url.Values, early []byte) bool {
	crowd := crowdOf(networkOf(a.door.server.options.CountedAddr(r)))
	if !a.accepting && crowd == a.conn.Crowd() {
		return false
	}
	a.introduced = &introduced{request: r, query: query, early: bytes.Clone(early)}
	a.conn.ShareTurns(crowd)
	a.conn.TurnAgain()
	return true
}

// open makes a session of a handshake, or refuses it.
func (a *arrival) open(r *http.Request, query url.Values, early []byte) {
	d := a.door
	if !d.leave(a) {
		a.fate = over
		return
	}
	session, cause := a.begin(&r, query)
	if session == nil {
		if cause != "" {
			d.server.options.Observer.HandshakeRefused(cause)
			refusal := &heldRefusal{header: make(http.Header)}
			RefusalFor(cause).Write(refusal, r)
			writeAnswer(a.conn, &Packet{frame: refusal.frame})
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
	c.open(upgradeAnswer(r.Header.Get("Sec-WebSocket-Key")), r)
	if len(early) > 0 {
		c.Received(early)
	}
}

// begin makes a session of a handshake, or says why not. It panics as little as net/http does: who makes one of the Options
// panic loses the connection, without an answer.
func (a *arrival) begin(r **http.Request, query url.Values) (session *Session, cause string) {
	defer func() {
		if v := recover(); v != nil {
			a.door.options.ErrorLog.Printf("engineio: panic serving %v: %v\n%s", a.conn.RemoteAddr(), v, debug.Stack())
		}
	}()
	if _, cause = a.door.server.check(*r, query); cause != "" {
		return nil, cause
	}
	session, *r, cause = a.door.server.begin(*r)
	return session, cause
}

// nothingToWrite is the writing side of a netpoll.Owner that writes nothing.
type nothingToWrite struct{}

func (nothingToWrite) Take() netpoll.Batch        { return nil }
func (nothingToWrite) Written(netpoll.Batch) bool { return false }
func (nothingToWrite) WriteFailed(netpoll.Batch)  {}
