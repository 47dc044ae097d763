package engineio

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync/atomic"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// arrival is a connection at a Door: one that speaks HTTP. It is the netpoll.Owner until a websocket is, or net/http has it. Its requests
// are answered one after the other.
type arrival struct {
	door    *Door
	conn    *netpoll.Conn
	mark    any
	proxied bool // by the connection of a proxy

	standing
	kinship

	// Only the reading side uses these.
	head       []byte // what has come of a request, if it did not come at once or goes on
	kept       bool   // head is what came behind a request, and has not been looked at yet
	fate       fate
	accepting  bool        // by the accept loop, which does no more than reading
	introduced *introduced // until the client has its turn
	exchange   *exchange   // nil between requests
	served     bool        // it has had an answer
	posted     bool        // the request before this one had a body, and there may be an empty line behind that
	leaving    bool        // the last answer has been given: what still comes is dropped
	lost       bool        // nothing more comes

	// The reading side gives an answer away, and the writing side has it until writing is false.
	said    *said
	writing atomic.Bool
}

// introduced is the request of a proxy's client, whose turn has not come. The arrival's head has it, and what came behind.
type introduced struct {
	request *http.Request
	query   url.Values
	end     int // of the request's own head
}

// fate is what becomes of an arrival that is not listened to any more.
type fate uint8

const (
	undecided fate = iota
	goesOn         // to net/http, with head
	over           // the connection is closed
)

// Listening is false once it is known what becomes of the connection. The poller also asks it after each Interrupt, when there may be
// something to answer or to decide.
func (a *arrival) Listening() bool {
	retired, late := a.door.news(a)
	switch x := a.exchange; {
	case a.fate != undecided, a.writing.Load():
	case a.lost:
		a.fate = over
	case a.introduced != nil:
		i := a.introduced
		a.introduced = nil
		a.open(i.request, i.query, a.head, i.end)
	case x != nil && x.missing > 0 && late:
		a.bodyFails()
	case x != nil && x.waiting != nil:
		a.lookFor(x)
	case x == nil && retired && a.served && a.head == nil && !a.leaving:
		a.fate = over // as net/http ends who is idle: Gone takes it out of its line
	case x == nil && retired && !a.leaving:
		a.goOn()
	}
	if a.kept && a.isFree() {
		a.requestComes(nil)
	}
	if !a.kept && !a.lost {
		a.conn.Unpause()
	}
	return a.fate == undecided
}

// isFree tells whether another request may be looked at.
func (a *arrival) isFree() bool {
	return a.fate == undecided && a.exchange == nil && a.introduced == nil && !a.writing.Load()
}

// Received takes the next bytes of a request.
func (a *arrival) Received(data []byte) {
	switch x := a.exchange; {
	case a.leaving:
	case x != nil && x.missing > 0:
		a.bodyComes(data)
	case x != nil || a.writing.Load():
		a.keepForLater(data)
	default:
		a.requestComes(data)
	}
}

// keepForLater keeps what came behind a request until that has been answered, and reads no more of the client meanwhile.
func (a *arrival) keepForLater(data []byte) {
	a.head, a.kept = append(a.head, data...), true
	a.conn.Pause()
	if a.isFree() { // by now
		a.conn.TurnAgain()
	}
}

// requestComes takes the next bytes of a head, and what follows it.
func (a *arrival) requestComes(data []byte) {
	a.kept = false
	if a.head != nil {
		a.head = append(a.head, data...)
		data = a.head
	}
	if a.posted && data[0] <= '\r' { // old clients do that
		data, a.head = bytes.TrimLeft(data, "\r\n"), nil
	}
	if len(data) == 0 {
		return
	}
	if !a.served && isForeign(data) {
		a.door.server.options.Observer.HandshakeRefused(CauseProtocol)
		data = append(bytes.Clone(data), "\r\n\r\n"...) // net/http answers at once, where it would wait for the end of a line
		a.head = data
	}
	end := headEnd(data)
	if end == 0 && len(data) < a.door.options.MaxHeaderBytes && maybeRequest(data) {
		a.keep(data)
		a.door.expectHead(a)
		return
	}
	if end > 0 && end <= a.door.options.MaxHeaderBytes {
		if r := parseRequest(data[:end]); r != nil && a.serve(r, data, end) {
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

// ReadFailed leaves half a head to net/http, which has an answer to it. Without epoll a goroutine reads each connection, and its read also
// fails when the Door is retired.
func (a *arrival) ReadFailed() (again bool) {
	retired, _ := a.door.news(a)
	x := a.exchange
	switch {
	case a.writing.Load(): // the client may wait for the answer all the same
		a.lost = true
		a.conn.Pause()
		if !a.writing.Load() {
			a.conn.TurnAgain()
		}
		return true
	case x != nil && x.missing > 0:
		a.lost = true
		a.bodyFails()
		return true
	case x != nil && x.waiting != nil:
		x.waiting.abandoned()
		a.fate = over
	case x == nil && !a.leaving && (a.head != nil || retired):
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

// serve answers a request that begins what has come, or has it wait for its answer. False means that it is for net/http.
func (a *arrival) serve(r *http.Request, data []byte, end int) bool {
	d := a.door
	r.RemoteAddr = a.conn.RemoteAddr().String()
	query := r.URL.Query()
	if query.Get("EIO") != "4" || !d.options.Takes(r) {
		return false
	}
	r = r.WithContext(context.WithValue(context.Background(), markKey{}, a.mark))
	if !a.proxied || !a.introduce(r, query, data, end) {
		a.open(r, query, data, end)
	}
	return true
}

// introduce has the client of a proxy wait for a turn of its own. False means that the turn has come.
func (a *arrival) introduce(r *http.Request, query url.Values, data []byte, end int) bool {
	crowd := a.door.server.crowdOf(r, query)
	if !a.accepting && crowd == a.conn.Crowd() {
		return false
	}
	a.keep(data)
	a.introduced = &introduced{request: r, query: query, end: end}
	a.conn.ShareTurns(crowd)
	a.conn.TurnAgain()
	return true
}

// guard has a panic in one of the Options cost this connection alone, without an answer, as with net/http.
func (a *arrival) guard() {
	if v := recover(); v != nil {
		a.door.options.ErrorLog.Printf("engineio: panic serving %v: %v\n%s", a.conn.RemoteAddr(), v, debug.Stack())
		a.fate = over
		a.conn.Interrupt()
	}
}
