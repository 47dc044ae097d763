package netpoll

import "github.com/socketgate/socketgate/pkg/lockorder"

// flushBuffer is how much of one connection's frames is gathered for one write.
const flushBuffer = 64 << 10

// flusher writes for its share of the connections. Each time around it takes the connections that have
// frames waiting and writes each one's in one call; what comes meanwhile waits for the next time
// around.
type flusher struct {
	poller *Poller

	mu      lockorder.Mutex[flusher]
	waiting []*Conn
	wake    chan struct{}

	gathered []byte // only the loop uses these
	push     push
}

func newFlusher(p *Poller) *flusher {
	return &flusher{poller: p, wake: make(chan struct{}, 1), gathered: make([]byte, 0, flushBuffer)}
}

func (f *flusher) add(c *Conn) {
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
	var round []*Conn
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

// flush writes what one connection has waiting.
func (f *flusher) flush(c *Conn) {
	b := c.owner.Take()
	if b == nil {
		return
	}
	for next, count := 0, b.Len(); next < count; {
		data, n := f.gather(b, next, count)
		next += n
		sent, err := c.tryWrite(&f.push, data)
		if err != nil {
			c.owner.WriteFailed(b)
			return
		}
		if sent < len(data) {
			c.writeElsewhere(data[sent:], b, next)
			return
		}
	}
	if c.owner.Written(b) {
		f.add(c)
	}
}

// gather returns the next bytes to write and how many frames they are. One frame alone is not copied.
func (f *flusher) gather(b Batch, next, count int) ([]byte, int) {
	first := b.Frame(next)
	if count-next == 1 || len(first) >= flushBuffer/2 {
		return first, 1
	}
	f.gathered = append(f.gathered[:0], first...)
	for i := next + 1; i < count; i++ {
		frame := b.Frame(i)
		if len(f.gathered)+len(frame) > flushBuffer {
			return f.gathered, i - next
		}
		f.gathered = append(f.gathered, frame...)
	}
	return f.gathered, count - next
}

// tryWrite returns how much of data was taken; less than all means that there is no room.
func (c *Conn) tryWrite(p *push, data []byte) (int, error) {
	if c.raw != nil {
		return p.writeRaw(c.raw, data)
	}
	return c.Conn.(polled).TryWrite(data)
}
