package legacy

import (
	"io"
	"net/http"
	"time"

	"github.com/googollee/go-socket.io/engineio/transport"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// carrier is a WebSocket of googollee's that its client knows of, and closes when it ends.
type carrier struct {
	transport.Conn
	http.Handler
	client *client
}

// SetReadDeadline is called when a ping comes.
func (c *carrier) SetReadDeadline(t time.Time) error {
	c.client.expect(t)
	return c.Conn.SetReadDeadline(t)
}

// expect gives the client its time for the next ping.
func (c *client) expect(by time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silentBy = by
}

// accept makes the transport's connection of a request. On an error the request has been answered.
func (c *client) accept(w http.ResponseWriter, r *http.Request) (conn transport.Conn, err error) {
	if isUpgrade(r) {
		webSocket, err := c.server.webSocket.Accept(w, r)
		if err != nil {
			c.server.engine.Observer.HandshakeRefused(engineio.CauseBadRequest)
			return nil, err
		}
		conn = &carrier{Conn: webSocket, Handler: webSocket.(http.Handler), client: c}
	} else {
		conn = newPollingCarrier(c, r)
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
