package engineio

import (
	"net"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// line is the arrivals that wait at a Door for the same thing, the head of a request say. All may wait equally long, so they are due in the
// order in which they came, and one timer serves them. The Door's mu guards it.
type line struct {
	limit time.Duration
	told  bool // an arrival that is too late is told so, by standing.late, rather than cut
	row[arrival]
	timer *time.Timer // runs while somebody waits, and may once more
}

// standing is an arrival's place in a line. The Door's mu guards it.
type standing struct {
	line  *line // nil where it waits for nothing
	stand seat[arrival]
	due   time.Time
	late  bool // it was in a line that is told
}

// lines are what arrivals wait for.
type lines struct {
	heads   line // the rest of a head, or the beginning of the first one
	idle    line // the next request
	bodies  line // the body of a client that is not let in
	known   line // the body of one that is
	answers line // the client to take its answer
	ends    line // the client to close its connection, as it was told to
}

// lingering is how long a client has for closing its connection before the server does, which may destroy the last answer on its way if
// bytes have come that nobody reads. It is what net/http gives.
const lingering = 500 * time.Millisecond

func (l *lines) init(o *DoorOptions) {
	l.heads.limit = o.HeaderTimeout
	l.idle.limit = o.IdleTimeout
	l.bodies.limit, l.bodies.told = pendingRequestTimeout, true
	l.known.limit, l.known.told = requestTimeout, true
	l.answers.limit = requestTimeout
	l.ends.limit = lingering
}

func (l *lines) all() []*line {
	return []*line{&l.heads, &l.idle, &l.bodies, &l.known, &l.answers, &l.ends}
}

// enter puts an arrival at the end of a line, from where leave takes it. It is in no other.
func (d *Door) enter(l *line, a *arrival) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link(l, a)
	a.late = l.told && d.ending
	if d.retired {
		a.conn.Interrupt()
	}
	if d.cutting {
		a.conn.Cut()
	}
}

// link is enter with mu held.
func (d *Door) link(l *line, a *arrival) {
	a.line, a.due = l, time.Now().Add(l.limit)
	l.row.enter(&a.stand, a)
	if l.timer == nil {
		l.timer = time.AfterFunc(l.limit, func() { d.expire(l) })
	}
}

// leave takes an arrival out of the line where it waits: from now on the Door leaves its connection alone. False means that it is too
// late, or has left before.
func (d *Door) leave(a *arrival) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return a.unlink()
}

// unlink is leave with mu held.
func (a *arrival) unlink() bool {
	l := a.line
	if l == nil {
		return false
	}
	l.row.leave(&a.stand)
	a.line = nil
	a.door.kin.leave(&a.seat, a.network)
	return true
}

// expectHead gives a connection its time for the rest of a head, if one begins.
func (d *Door) expectHead(a *arrival) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.slow = true
	if a.line == &d.lines.idle {
		a.unlink()
		d.link(&d.lines.heads, a)
	}
}

// wrote has an arrival whose answer has been written wait in the next line, unless the client took the answer too late. It gives the arrival
// back to its reading side.
func (d *Door) wrote(a *arrival, next *line) (retired bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.unlink() || !a.writing.Load() { // it was written at once
		d.link(next, a)
	}
	a.writing.Store(false)
	return d.retired
}

// expire is for those who took too long. Where nobody waits, the timer rests until somebody comes.
func (d *Door) expire(l *line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for l.first != nil && !now.Before(l.first.who.due) {
		l.first.who.tooLate()
	}
	if l.first == nil {
		l.timer = nil
		return
	}
	l.timer.Reset(l.first.who.due.Sub(now))
}

// tooLate takes an arrival out of its line. The Door's mu is held.
func (a *arrival) tooLate() {
	a.late = a.line.told
	a.unlink()
	if a.late {
		a.conn.Interrupt()
	} else {
		a.conn.Cut()
	}
}

// retire has everybody go on to net/http from now on, at the end of the request that is being answered.
func (d *Door) retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retired = true
	d.each(func(a *arrival) { a.conn.Interrupt() })
}

// each calls f for everybody who stands in a line. mu is held, and f must not change the lines.
func (d *Door) each(f func(*arrival)) {
	for _, l := range d.lines.all() {
		for s := l.first; s != nil; s = s.after {
			f(s.who)
		}
	}
}

// wait waits for all who have not gone on. No body that is on its way is for a session any more. Once done is closed, it cuts whoever is
// left.
func (d *Door) wait(done <-chan struct{}) {
	d.end()
	gone := make(chan struct{})
	go func() { d.present.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-done:
		d.cut()
		<-gone
	}
	for _, l := range d.lines.all() {
		d.mu.Lock()
		if l.timer != nil {
			l.timer.Stop()
		}
		d.mu.Unlock()
	}
}

// end has bodies not waited for any more.
func (d *Door) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ending = true
	for _, l := range d.lines.all() {
		for l.told && l.first != nil {
			l.first.who.tooLate()
		}
	}
}

func (d *Door) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutting = true
	d.each(func(a *arrival) { a.conn.Cut() })
}

// news returns what others have decided about an arrival: that all go on to net/http, or that its body is not waited for, which is told
// once.
func (d *Door) news(a *arrival) (retired, late bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	late, a.late = a.late, false
	return d.retired, late
}

// crowdOf is whom a connection shares its turns with until it is a known client's: all of its network. It is not zero, and no two
// networks in use differ in the bit of those who are known alone.
func crowdOf(network uint64) netpoll.Crowd { return max(1, netpoll.Crowd(network)&^netpoll.Known) }

// peerNetwork is that of the peer, zero where it has none.
func peerNetwork(conn net.Conn) uint64 {
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return networkOf(peer.AddrPort().Addr())
}
