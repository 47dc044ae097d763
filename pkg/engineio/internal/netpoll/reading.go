package netpoll

import (
	"io"
	"net"
	"sync"
)

// readSize is how much is read from a connection at a time: a chat message fits many times over.
const readSize = 4096

// reading is what a connection borrows while it has bytes to read, and nothing longer.
type reading struct {
	buffer [readSize]byte
	n      int
	err    error
	pull   pull
}

var readings = sync.Pool{New: func() any { return new(reading) }}

func borrowReading() *reading { return readings.Get().(*reading) }
func (r *reading) giveBack()  { readings.Put(r) }

// tryRead reads what is there; r.n is 0 without an error when nothing is.
func (c *Conn) tryRead(r *reading) {
	if c.raw != nil {
		r.readRaw(c.raw)
		return
	}
	r.n, r.err = c.Conn.(polled).TryRead(r.buffer[:])
}

// readBlocking waits for bytes, or for the end.
func (c *Conn) readBlocking(r *reading) {
	r.n, r.err = c.Conn.Read(r.buffer[:])
	switch {
	case r.n > 0:
		r.err = nil
	case r.err == nil:
		r.err = io.ErrNoProgress
	}
}

// ReadNow hands f what has come on a connection of the kernel's that no Poller attends to, if anything has. It does not wait.
func ReadNow(conn net.Conn, f func(data []byte)) {
	raw := rawOf(conn)
	if raw == nil {
		return
	}
	r := borrowReading()
	defer r.giveBack()
	if r.readRaw(raw); r.n > 0 {
		f(r.buffer[:r.n])
	}
}
