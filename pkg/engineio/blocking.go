package engineio

import (
	"bytes"
	"io"
	"net"
)

// clog hands a connection that takes no more at once to a goroutine of its own, which waits in the
// place of the flush loop. Rest is copied: it may be the loop's buffer. Only the flush loop calls it.
func (c *websocket) clog(rest []byte, b *batch, next int) {
	rest = bytes.Clone(rest)
	c.session.server.loops.Go(func() {
		more, err := c.writeBlocking(rest, b, next)
		c.drain(more, err)
	})
}

// drain writes blocking until nothing waits. The heartbeat, a full queue or the close grace end it
// when the client takes nothing.
func (c *websocket) drain(more bool, err error) {
	for more && err == nil {
		b := c.session.take()
		if b == nil { // it has ended
			return
		}
		more, err = c.writeBlocking(nil, b, 0)
	}
	if err != nil {
		c.session.end(TransportError)
	}
}

// writeBlocking writes rest and then the packets of b from next on.
func (c *websocket) writeBlocking(rest []byte, b *batch, next int) (more bool, err error) {
	err = c.writeAll(rest, b.packets[next:])
	more, last := c.session.settle(b)
	if last && err == nil {
		c.flushed()
	}
	return more, err
}

func (c *websocket) writeAll(rest []byte, packets []*Packet) error {
	if len(rest) == 0 && len(packets) == 1 {
		_, err := c.conn.Write(packets[0].frame)
		return err
	}
	buffers := make(net.Buffers, 0, 1+len(packets))
	if len(rest) > 0 {
		buffers = append(buffers, rest)
	}
	for _, p := range packets {
		buffers = append(buffers, p.frame)
	}
	var to io.Writer = c.conn
	if !isKernels(c.conn) {
		to = struct{ io.Writer }{c.conn} // WriteTo would find the unexported writev of what it embeds
	}
	_, err := buffers.WriteTo(to)
	return err
}

// blockedWrite is the writing goroutine of a connection that can only be written blocking.
type blockedWrite struct {
	more    chan struct{}
	stopped chan struct{}
}

func newBlockedWrite(c *websocket) *blockedWrite {
	w := &blockedWrite{more: make(chan struct{}, 1), stopped: make(chan struct{})}
	c.session.server.readers.Go(func() { w.run(c) })
	return w
}

func (w *blockedWrite) run(c *websocket) {
	for {
		select {
		case <-w.stopped:
			return
		case <-w.more:
			c.drain(true, nil)
		}
	}
}

func (w *blockedWrite) wake() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (w *blockedWrite) stop() { close(w.stopped) }
