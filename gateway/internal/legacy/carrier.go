package legacy

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/googollee/go-socket.io/engineio/frame"
	"github.com/googollee/go-socket.io/engineio/packet"
	"github.com/googollee/go-socket.io/engineio/transport"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// carrier is a transport's connection that its client knows of, and closes when it ends.
type carrier struct {
	transport.Conn
	http.Handler
	client *client
}

// SetReadDeadline is called when a ping comes.
func (c *carrier) SetReadDeadline(t time.Time) error {
	c.client.mu.Lock()
	c.client.silentBy = t
	c.client.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

// pollingCarrier makes an upgrade safe. The transport's own pause turns away a POST that was on its
// way, has the session ask again and again without waiting, and at its end may be taken for the end
// of the session. So the transport is not paused: POSTs are taken until the WebSocket has taken over,
// and GETs answered at once, since the client waits for both before it finishes the upgrade.
type pollingCarrier struct {
	carrier
	paused  atomic.Bool
	nooping atomic.Bool // noops is running
}

const (
	// retryStep is how long a session waits before it looks again which transport it has.
	retryStep = 2 * time.Millisecond
	// noopStep is how long a GET may have to wait for a noop during an upgrade.
	noopStep = 20 * time.Millisecond
)

// errPaused has the session look again: it asks for a method Temporary.
type errPaused struct{}

func (errPaused) Error() string   { return "paused for an upgrade" }
func (errPaused) Temporary() bool { return true }

// Pause is called when a WebSocket has asked to take over.
func (p *pollingCarrier) Pause() {
	p.paused.Store(true)
	if p.nooping.CompareAndSwap(false, true) {
		p.client.start(p.noops)
	}
}

// Resume is called when it has not.
func (p *pollingCarrier) Resume() { p.paused.Store(false) }

// noops answers GETs with noops, until the transport is closed or goes on. Its last noop may come
// late, which hurts nobody.
func (p *pollingCarrier) noops() {
	defer p.nooping.Store(false)
	for p.paused.Load() {
		w, err := p.Conn.NextWriter(frame.String, packet.NOOP)
		if err != nil || w.Close() != nil {
			return
		}
		select {
		case <-p.client.over:
			return
		case <-time.After(noopStep):
		}
	}
}

func (p *pollingCarrier) NextReader() (frame.Type, packet.Type, io.ReadCloser, error) {
	ft, pt, r, err := p.Conn.NextReader()
	return ft, pt, r, p.retryIfPaused(err)
}

func (p *pollingCarrier) NextWriter(ft frame.Type, pt packet.Type) (io.WriteCloser, error) {
	w, err := p.Conn.NextWriter(ft, pt)
	return w, p.retryIfPaused(err)
}

// retryIfPaused turns the errors of a transport that is being replaced into one that has the session try again, after
// a while.
func (p *pollingCarrier) retryIfPaused(err error) error {
	if err == nil || !p.paused.Load() {
		return err
	}
	select {
	case <-p.client.over:
		return io.EOF
	case <-time.After(retryStep):
		return errPaused{}
	}
}

// accept makes the transport's connection of a request. On an error the request has been answered.
func (c *client) accept(w http.ResponseWriter, r *http.Request) (transport.Conn, error) {
	var conn transport.Conn
	var err error
	if isUpgrade(r) {
		conn, err = c.server.webSocket.Accept(w, r)
	} else {
		conn, err = c.server.polling.Accept(w, r)
	}
	if err != nil {
		c.server.engine.Observer.HandshakeRefused(engineio.CauseBadRequest)
		return nil, err
	}
	own := carrier{Conn: conn, Handler: conn.(http.Handler), client: c}
	if conn = &own; !isUpgrade(r) {
		conn = &pollingCarrier{carrier: own}
	}
	if !c.attach(conn) {
		conn.Close()
		return nil, io.ErrClosedPipe
	}
	return conn, nil
}

// attach has a connection closed when the client ends, unless it has.
func (c *client) attach(conn transport.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return false
	}
	c.carriers = append(c.carriers, conn)
	return true
}

func (c *client) detach(conn transport.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.carriers {
		if other == conn {
			c.carriers = append(c.carriers[:i], c.carriers[i+1:]...)
			return
		}
	}
}
