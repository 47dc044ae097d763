package engineio

import (
	"net"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// The line of a Door are its arrivals in the order in which they came, which is also that of their times: all may take
// equally long. One timer serves them.

// enter puts an arrival at the end of the line, from where leave takes it. False means that the Door is retired.
func (d *Door) enter(a *arrival, conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.retired {
		return false
	}
	d.present.Add(1)
	a.conn = new(netpoll.Conn)
	d.server.poller.Init(a.conn, conn, a)
	a.network = peerNetwork(conn)
	a.conn.ShareTurns(crowdOf(a.network))
	d.joinKin(a)
	a.before, a.waits = d.last, true
	if d.last != nil {
		d.last.after = a
	} else {
		d.first = a
	}
	d.last = a
	if d.timer == nil {
		d.timer = time.AfterFunc(d.options.HeaderTimeout, d.expire)
	}
	return true
}

// leave takes an arrival out of the line: from now on the Door leaves its connection alone. False means that it has been
// cut, or has left before.
func (d *Door) leave(a *arrival) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unlink(a)
}

// unlink is leave with mu held.
func (d *Door) unlink(a *arrival) bool {
	if !a.waits {
		return false
	}
	a.waits = false
	if a.before != nil {
		a.before.after = a.after
	} else {
		d.first = a.after
	}
	if a.after != nil {
		a.after.before = a.before
	} else {
		d.last = a.before
	}
	a.before, a.after = nil, nil
	d.leaveKin(a)
	return true
}

// expire cuts those who took too long. Where nobody waits, the timer rests until somebody comes.
func (d *Door) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for d.first != nil && !now.Before(d.first.due) {
		a := d.first
		d.unlink(a)
		a.conn.Cut()
	}
	if d.first == nil {
		d.timer = nil
		return
	}
	d.timer.Reset(d.first.due.Sub(now))
}

// retire has everybody go on to net/http from now on.
func (d *Door) retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retired = true
	for a := d.first; a != nil; a = a.after {
		a.conn.Interrupt()
	}
	if d.timer != nil {
		d.timer.Stop()
	}
}

func (d *Door) isRetired() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.retired
}

// crowdOf is whom a connection shares its turns with until it is a known client's: all of its network, which is not zero.
func crowdOf(network uint64) uint64 { return max(1, network) }

// peerNetwork is that of the peer, zero where it has none.
func peerNetwork(conn net.Conn) uint64 {
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return networkOf(peer.AddrPort().Addr())
}
