package netpoll

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Poller attends to connections: it tells their owners what comes and writes what they have waiting.
type Poller struct {
	stop     chan struct{} // closed by Close
	stopOnce sync.Once
	loops    sync.WaitGroup // every goroutine of this package
	flushers []*flusher
	opened   atomic.Uint32 // connections so far: they are dealt to the flushers in turn
	workers  workers
	bell     bell

	accepting slice        // of those who call Yield
	yielding  atomic.Int32 // those of them who let others run

	opening lockorder.Mutex[Poller] // held while an epoll is opened, so that there is one
	epoll   atomic.Pointer[epoll]   // nil until a connection asks for it, and while there is none to be had
}

// New starts a poller's flush loops: one per core that may run Go code.
func New() *Poller {
	p := &Poller{stop: make(chan struct{})}
	p.workers.init(p.stop, &p.loops)
	p.bell.open()
	p.workers.bell.open()
	for range runtime.GOMAXPROCS(0) {
		f := newFlusher(p)
		p.flushers = append(p.flushers, f)
		p.loops.Go(func() { f.run(p.stop) })
	}
	return p
}

// Close ends the poller's goroutines and waits for them. It is called when every connection that was
// started has told its owner Gone. It may be called again.
func (p *Poller) Close() {
	p.stopOnce.Do(func() { close(p.stop) })
	p.loops.Wait()
	p.bell.close()
	p.workers.bell.close()
	for _, f := range p.flushers {
		f.bell.close()
	}
}

// watch reports whether c.readable will be called when c can be read. If not, somebody has to wait for c.
func (p *Poller) watch(c *Conn) bool {
	if self, ok := c.Conn.(polled); ok {
		self.Notify(c.readable)
		return true
	}
	if c.raw == nil {
		return false
	}
	e := p.openEpoll()
	return e != nil && e.watch(c) == nil
}

// openEpoll returns nil when there is none to be had. The next connection tries again: the process
// may have been short of descriptors.
func (p *Poller) openEpoll() *epoll {
	p.opening.Lock()
	defer p.opening.Unlock()
	if e := p.epoll.Load(); e != nil {
		return e
	}
	e, err := newEpoll()
	if err != nil {
		return nil
	}
	p.epoll.Store(e)
	p.loops.Go(e.run)
	p.loops.Go(func() { <-p.stop; e.close() })
	return e
}

// forget is called before a connection is closed. The poller may not have watched it.
func (p *Poller) forget(c *Conn) {
	if e := p.epoll.Load(); e != nil {
		e.forget(c)
	}
}

// unwatch is forget for a connection that stays open.
func (p *Poller) unwatch(c *Conn) {
	if e := p.epoll.Load(); e != nil {
		e.unwatch(c)
	}
}
