package netpoll

import (
	"sync"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// How much is written at a time.
const (
	flushBuffer = 64 << 10 // of one connection: more of its frames is not gathered for one write
	little      = 16 << 10 // who has no more than that is written at once
	bulkShare   = 64 << 10 // of all who have more, until those who have little are written again: some 300 us, with what the kernel does at once
)

// flusher writes for its share of the connections. Each time around it takes the connections that have
// frames waiting, and writes each one's in one call if they are little. Those that have more stand in line, and get a share of each
// time around, 64 KiB of one connection after the other: a room of slow readers with large messages would else hold up everybody.
type flusher struct {
	poller *Poller

	mu      lockorder.Mutex[flusher]
	waiting []*Conn
	wake    chan struct{}

	gathered     []byte // only the loop uses these
	push         push
	round        []*Conn
	bulk         line[begun] // who has more than little
	slice        slice
	bell         bell
	letOthersRun func() // rings the bell; tests count it
}

// begun is a batch of which a part may have been written.
type begun struct {
	conn  *Conn
	batch Batch
	next  int    // frame
	rest  []byte // of the frame before it
}

func newFlusher(p *Poller) *flusher {
	f := &flusher{poller: p, wake: make(chan struct{}, 1), gathered: make([]byte, 0, flushBuffer)}
	f.bell.open()
	f.letOthersRun = func() { f.bell.await() }
	return f
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
	for {
		select {
		case <-stop:
			return
		case <-f.wake:
		}
		for f.turn() {
		}
	}
}

// turn goes around once. It returns false when nothing waits.
func (f *flusher) turn() bool {
	f.mu.Lock()
	f.round, f.waiting = f.waiting, f.round[:0]
	f.mu.Unlock()
	for i, c := range f.round {
		f.round[i] = nil
		f.flush(c)
	}
	if f.bulk.empty() {
		return len(f.round) > 0
	}
	for left := bulkShare; left > 0 && !f.bulk.empty(); {
		left -= f.write(f.bulk.pop())
	}
	if f.slice.isOver() { // who reads what others say, so that they have an answer waiting here
		f.letOthersRun()
	}
	return true
}

// flush writes what one connection has waiting, or has it stand in line.
func (f *flusher) flush(c *Conn) {
	b := c.owner.Take()
	if b == nil {
		return
	}
	count := b.Len()
	data, n := f.gather(b, 0, count, little)
	if n < count || len(data) > little {
		f.bulk.push(begun{conn: c, batch: b})
		return
	}
	f.write(begun{conn: c, batch: b, next: n, rest: data})
}

// write goes on with a batch until it is at its end, or as much has been written as may be this time: then it stands in line again. It
// returns how much that was.
func (f *flusher) write(b begun) (written int) {
	c, count := b.conn, b.batch.Len()
	for b.next < count || len(b.rest) > 0 {
		if written >= flushBuffer {
			f.bulk.push(b)
			return written
		}
		if len(b.rest) == 0 {
			var n int
			b.rest, n = f.gather(b.batch, b.next, count, flushBuffer)
			b.next += n
		}
		data := b.rest[:min(len(b.rest), flushBuffer)]
		sent, err := c.tryWrite(&f.push, data)
		if err != nil {
			c.owner.WriteFailed(b.batch)
			return written
		}
		written += sent
		b.rest = b.rest[sent:]
		if sent < len(data) {
			c.writeElsewhere(b.rest, b.batch, b.next)
			return written
		}
	}
	if c.owner.Written(b.batch) {
		f.add(c)
	}
	return written
}

// gather returns the next bytes to write and how many frames they are, up to most bytes. One frame alone is not copied; what is copied
// is less than flushBuffer, and so never the rest of a batch that stands in line.
func (f *flusher) gather(b Batch, next, count, most int) ([]byte, int) {
	first := b.Frame(next)
	if count-next == 1 || len(first) >= most/2 {
		return first, 1
	}
	f.gathered = append(f.gathered[:0], first...)
	for i := next + 1; i < count; i++ {
		frame := b.Frame(i)
		if len(f.gathered)+len(frame) > most {
			return f.gathered, i - next
		}
		f.gathered = append(f.gathered, frame...)
	}
	return f.gathered, count - next
}

var pushes = sync.Pool{New: func() any { return new(push) }}

// TryWrite writes what can be written at once. It is for an owner that has nothing else to write, in the place of Wake: the rest, and
// what comes behind it, then goes by Wake. On a connection that can only be written blocking it writes nothing.
func (c *Conn) TryWrite(data []byte) (int, error) {
	if c.blocked != nil {
		return 0, nil
	}
	p := pushes.Get().(*push)
	defer pushes.Put(p)
	return c.tryWrite(p, data)
}

// tryWrite returns how much of data was taken; less than all means that there is no room.
func (c *Conn) tryWrite(p *push, data []byte) (int, error) {
	if c.raw != nil {
		return p.writeRaw(c.raw, data)
	}
	return c.Conn.(polled).TryWrite(data)
}
