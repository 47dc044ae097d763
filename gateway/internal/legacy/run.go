package legacy

import (
	"io"
	"runtime/debug"
	"time"

	"github.com/googollee/go-socket.io/engineio/session"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// run is the client's life, from the open packet to the goodbye of its sockets.
func (c *client) run() {
	defer c.count()
	defer c.server.forget(c)
	if err := c.session.InitSession(); err != nil {
		c.end(engineio.TransportError)
		return
	}
	receiver := c.server.options.Sockets.Adopt(c, c.handshake)
	c.handshake = nil
	c.end(c.read(receiver))
	receiver.Closed(c.endReason())
}

func (c *client) count() {
	c.server.engine.Observer.SessionClosed(c.endReason())
}

// read hears the client out, and returns why there is no more to hear. A panic of the transports'
// code ends this client alone.
func (c *client) read(receiver engineio.Receiver) (reason engineio.Reason) {
	defer func() {
		if v := recover(); v != nil {
			c.server.options.Logger.Error("legacy: a transport panicked", "panic", v, "stack", string(debug.Stack()))
			reason = engineio.TransportError
		}
	}()
	limit := int64(c.server.engine.MaxPayload)
	for {
		kind, body, err := c.session.NextReader()
		if err != nil {
			return c.silentOr(engineio.TransportClose)
		}
		data, err := io.ReadAll(io.LimitReader(body, limit+1))
		if int64(len(data)) > limit {
			c.server.engine.OnTooLarge()
		}
		if err != nil || int64(len(data)) > limit {
			c.end(engineio.TransportError) // or closing the body would read the rest of it
		}
		// Before the handlers run: a POST is answered by this.
		if err := body.Close(); err != nil || int64(len(data)) > limit {
			return engineio.TransportError
		}
		if c.isOpen() {
			receiver.Message(data, kind == session.BINARY)
		}
	}
}

// silentOr is why a client is gone: it fell silent, or else the reason given.
func (c *client) silentOr(reason engineio.Reason) engineio.Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.silentBy.IsZero() && !time.Now().Before(c.silentBy) {
		return engineio.PingTimeout
	}
	return reason
}

// write writes what is queued, for as long as there is somebody to write to. Only this goroutine
// waits for a slow client.
func (c *client) write() {
	for {
		select {
		case <-c.over:
			return
		case <-c.wake:
		}
		for {
			p, last := c.next()
			if p == nil {
				if last {
					c.end(engineio.TransportClose)
				}
				break
			}
			if err := c.put(p); err != nil {
				c.end(c.silentOr(engineio.TransportError))
				return
			}
			c.written(p)
		}
	}
}

// next takes a packet from the queue. Without one, last tells that a closing client has had all.
func (c *client) next() (p *engineio.Packet, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.queue = nil // and not what it has grown to
		return nil, c.state == closing
	}
	p = c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	return p, false
}

func (c *client) written(p *engineio.Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued -= p.Len()
}

// put writes one message; the transport adds the packet's type.
func (c *client) put(p *engineio.Packet) error {
	binary, data := p.Payload()
	kind := session.BINARY
	if !binary {
		kind, data = session.TEXT, data[1:]
	}
	w, err := c.session.NextWriter(kind)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}
