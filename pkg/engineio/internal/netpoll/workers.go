package netpoll

import (
	"sync"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// workers attend to connections that have something to say: they read and call the owners, each
// connection in turn and by one worker at a time. An owner may wait, for a database say: so the worker
// that takes a connection from the queue first sees to it that another is on the way to the next one.
type workers struct {
	stop  <-chan struct{}
	loops *sync.WaitGroup
	call  chan struct{} // wakes one that is idle

	mu     lockorder.Mutex[workers]
	queue  []*Conn // each connection is in it once at most
	head   int
	coming bool // a worker was started or called for the queue, and has not looked at it yet
	idle   int
}

// maxIdleWorkers bounds what a storm of slow owners leaves behind.
const maxIdleWorkers = 64

func (w *workers) init(stop <-chan struct{}, loops *sync.WaitGroup) {
	w.stop = stop
	w.loops = loops
	w.call = make(chan struct{}, maxIdleWorkers)
}

// do has a connection attended to. The connection has not told its owner Gone, so the poller's loops are not
// waited for yet.
func (w *workers) do(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.head > len(w.queue)/2 && len(w.queue) == cap(w.queue) { // rather than growing
		n := copy(w.queue, w.queue[w.head:])
		clear(w.queue[n:])
		w.queue, w.head = w.queue[:n], 0
	}
	w.queue = append(w.queue, c)
	w.rouse()
}

// rouse calls or starts a worker if there is work and none is on its way. mu is held.
func (w *workers) rouse() {
	if w.coming || w.head == len(w.queue) {
		return
	}
	w.coming = true
	if w.idle > 0 {
		w.idle--
		w.call <- struct{}{} // never waits: there is room for as many as may be idle
		return
	}
	w.loops.Go(w.work)
}

func (w *workers) work() {
	for roused := true; ; {
		c, stay := w.next(roused)
		roused = false
		switch {
		case c != nil:
			c.attend()
		case !stay:
			return
		default:
			select {
			case <-w.call:
				roused = true
			case <-w.stop:
				return
			}
		}
	}
}

// next takes the connection that has waited longest. When there is none the worker stays until it
// is called, unless enough others do. Roused says that it is the one that was on the way.
func (w *workers) next(roused bool) (c *Conn, stay bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if roused {
		w.coming = false
	}
	if w.head == len(w.queue) {
		stay = w.idle < maxIdleWorkers
		if stay {
			w.idle++
		}
		return nil, stay
	}
	c = w.queue[w.head]
	w.queue[w.head] = nil
	if w.head++; w.head == len(w.queue) {
		w.queue, w.head = w.queue[:0], 0
	}
	w.rouse()
	return c, true
}
