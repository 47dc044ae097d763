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

	carrier  *websocket
	done     sync.WaitGroup // of one
	source   bytes.Reader
	header   [ws.MaxHeaderSize]byte
	assembly assembly // for a connection that has none: most messages come whole
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// workers decode what was read and call the Receivers. Doing that on the connection's own
// goroutine would grow its stack for as long as the connection lives (from 2 KiB to 4 or 8); here
// a few stacks are deep instead of all.
type workers struct {
	jobs  chan *reading
	stop  <-chan struct{}
	loops *sync.WaitGroup
	idle  chan struct{} // a token for each worker that may wait for more
}

// maxIdleWorkers bounds what a storm of slow receivers leaves behind.
const maxIdleWorkers = 64

func (w *workers) init(stop <-chan struct{}, loops *sync.WaitGroup) {
	w.jobs = make(chan *reading)
	w.stop = stop
	w.loops = loops
	w.idle = make(chan struct{}, maxIdleWorkers)
}

// do has r consumed and waits for it. The caller's session keeps the server's loops alive.
func (w *workers) do(r *reading) {
	r.done.Add(1)
	select {
	case w.jobs <- r:
	default:
		w.loops.Go(func() { w.work(r) })
	}
	r.done.Wait()
}

func (w *workers) work(r *reading) {
	for r != nil {
		r.carrier.consume(r)
		r.done.Done()
		r = w.next()
	}
}

// next waits for another job, or returns nil when enough others wait already.
func (w *workers) next() *reading {
	select {
	case w.idle <- struct{}{}:
		defer func() { <-w.idle }()
	default:
		return nil
	}
	select {
	case r := <-w.jobs:
		return r
	case <-w.stop:
		return nil
	}
}
