package netpoll

import (
	"bufio"
	"bytes"
)

// writeElsewhere hands a connection that takes no more at once to a goroutine of its own, which waits in
// the place of the flush loop. Rest is copied: it may be the loop's buffer. Only the flush loop calls it.
func (c *Conn) writeElsewhere(rest []byte, b Batch, next int) {
	rest = bytes.Clone(rest)
	c.poller().loops.Go(func() {
		if c.writeBlocking(rest, b, next) {
			c.drain()
		}
	})
}

// drain writes blocking until nothing waits. Who cuts the connection ends it when the peer takes nothing.
func (c *Conn) drain() {
	for more := true; more; {
		b := c.owner.Take()
		more = b != nil && c.writeBlocking(nil, b, 0)
	}
}

// writeBlocking writes rest and then the frames of b from next on.
func (c *Conn) writeBlocking(rest []byte, b Batch, next int) (more bool) {
	if err := c.writeAll(rest, b, next); err != nil {
		c.owner.WriteFailed(b)
		return false
	}
	return c.owner.Written(b)
}

// writeAll gathers frames: those that wait for a slow reader may be many and short.
func (c *Conn) writeAll(rest []byte, b Batch, next int) error {
	count, size := b.Len(), len(rest)
	if size == 0 && count-next == 1 {
		_, err := c.Conn.Write(b.Frame(next))
		return err
	}
	for i := next; i < count; i++ {
		size += len(b.Frame(i))
	}
	w := bufio.NewWriterSize(c.Conn, min(size, little))
	w.Write(rest) // an error is there at the end as well
	for i := next; i < count; i++ {
		w.Write(b.Frame(i))
	}
	return w.Flush()
}

// blockedWriter is the writing goroutine of a connection that can only be written blocking.
type blockedWriter struct {
	more    chan struct{} // of one: the owner has something waiting
	stopped chan struct{}
}

func newBlockedWriter(c *Conn) *blockedWriter {
	w := &blockedWriter{more: make(chan struct{}, 1), stopped: make(chan struct{})}
	c.poller().loops.Go(func() { w.run(c) })
	return w
}

func (w *blockedWriter) run(c *Conn) {
	for {
		select {
		case <-w.stopped:
			return
		case <-w.more:
			c.drain()
		}
	}
}

func (w *blockedWriter) wake() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (w *blockedWriter) stop() { close(w.stopped) }
