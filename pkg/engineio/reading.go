package engineio

import (
	"bytes"
	"sync"

	"github.com/gobwas/ws"
)

// readSize is how much is read from a connection at a time: a chat message fits many times over.
const readSize = 4096

// reading is what a connection borrows while it has bytes to read, and nothing longer.
type reading struct {
	buffer [readSize]byte
	n      int
	err    error

	pull     pull
	source   bytes.Reader
	header   [ws.MaxHeaderSize]byte
	assembly assembly // for a connection that has none: most messages come whole
}

// release lets go of the message that was read last: who waits for a connection holds on to its reading.
func (r *reading) release() {
	r.assembly = assembly{}
	r.source.Reset(nil)
}

var readings = sync.Pool{New: func() any { return new(reading) }}
