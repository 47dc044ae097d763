package netpoll

import (
	"cmp"
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
	slice slice         // of those who attend to crowds
	bell  bell          // of one that yields

	mu       lockorder.Mutex[workers]
	turns    turns // each connection is in it once at most
	coming   bool  // a worker was started or called for the queue, and has not looked at it yet
	idle     int
	yielding bool // a worker lets others run, and will look at the queue then
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
	w.turns.add(c, c.Crowd())
	w.rouse()
}

// goOn is do for a connection that has used up a turn and may have more to say.
func (w *workers) goOn(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turns.add(c, cmp.Or(c.Crowd(), talkative))
	w.rouse()
}

// rouse calls or starts a worker if there is work and none is on its way. mu is held.
func (w *workers) rouse() {
	if w.coming || w.yielding || w.turns.empty() {
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
			crowd, poller := c.Crowd(), c.poller()
			stranger := crowd != 0 && crowd&Known == 0
			if dear := c.attend(); stranger || dear {
				w.yield(poller)
			}
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

// next takes the connection whose turn it is. When there is none the worker stays until it
// is called, unless enough others do. Roused says that it is the one that was on the way.
func (w *workers) next(roused bool) (c *Conn, stay bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if roused {
		w.coming = false
	}
	if w.yielding || w.turns.empty() {
		stay = w.idle < maxIdleWorkers
		if stay {
			w.idle++
		}
		return nil, stay
	}
	c = w.turns.next()
	w.rouse()
	return c, true
}
