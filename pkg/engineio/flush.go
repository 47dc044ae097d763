package engineio

import "sync"

// flushBuffer is how much of one session's queue is gathered for one write.
const flushBuffer = 64 << 10

// flusher writes for its share of the sessions. Each time around it takes the sessions that have
// packets waiting and writes each one's in one call; what comes meanwhile waits for the next time
// around.
type flusher struct {
	mu      sync.Mutex
	waiting []*websocket
	wake    chan struct{}

	gathered []byte // only the loop uses these
	push     push
}

func newFlusher() *flusher {
	return &flusher{wake: make(chan struct{}, 1), gathered: make([]byte, 0, flushBuffer)}
}

func (f *flusher) add(c *websocket) {
	f.mu.Lock()
	first := len(f.waiting) == 0
	f.waiting = append(f.waiting, c)
	f.mu.Unlock()
	if !first {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *flusher) run(stop <-chan struct{}) {
	var round []*websocket
	for {
		select {
		case <-stop:
			return
		case <-f.wake:
		}
		for {
			f.mu.Lock()
			round, f.waiting = f.waiting, round[:0]
			f.mu.Unlock()
			if len(round) == 0 {
				break
			}
			for i, c := range round {
				round[i] = nil
				f.flush(c)
			}
		}
	}
}

// flush writes what one session has waiting. The session stays marked as being written, so that
// nobody else does, until settle finds nothing more.
func (f *flusher) flush(c *websocket) {
	b := c.session.take()
	if b == nil { // it has ended
		return
	}
	for next := 0; next < len(b.packets); {
		data, n := f.gather(b.packets[next:])
		next += n
		sent, err := c.pipe.write(&f.push, data)
		if err != nil {
			b.free()
			c.session.end(TransportError)
			return
		}
		if sent < len(data) {
			c.clog(data[sent:], b, next)
			return
		}
	}
	if more, last := c.session.settle(b); more {
		f.add(c)
	} else if last {
		c.flushed()
	}
}

// gather returns the next bytes to write and how many packets they are. One packet alone is not
// copied.
func (f *flusher) gather(packets []*Packet) ([]byte, int) {
	if len(packets) == 1 || len(packets[0].frame) >= flushBuffer/2 {
		return packets[0].frame, 1
	}
	f.gathered = f.gathered[:0]
	for i, p := range packets {
		if i > 0 && len(f.gathered)+len(p.frame) > flushBuffer {
			return f.gathered, i
		}
		f.gathered = append(f.gathered, p.frame...)
	}
	return f.gathered, len(packets)
}

// flusherOf spreads the sessions over the flush loops.
func (s *Server) flusherOf(session *Session) *flusher {
	return s.flushers[int(session.id[0])%len(s.flushers)]
}

// wake has the session's queue written soon.
func (c *websocket) wake() {
	if c.flusher != nil {
		c.flusher.add(c)
		return
	}
	c.blocked.wake()
}

// flushed says our side of the goodbye once the close frame is out.
func (c *websocket) flushed() {
	if c.session.part(wroteClose) {
		return
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}
