package socketio

import (
	"errors"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// admit asks the middlewares of a namespace, and, if it is the first that the client joins, for a place. The client's time
// to ask for it is over, and does not run while they think: a database may have to be asked.
func (c *conn) admit(s *Socket, h *Handshake) error {
	if c.joined {
		return s.namespace.admit(s, h)
	}
	c.limit(h, c.server.options.ConnectTimeout)
	if err := s.namespace.admit(s, h); err != nil {
		c.limit(h, c.server.options.PendingTimeout)
		return err
	}
	switch cause := c.session.Settle(h.User); cause {
	case "":
	case engineio.CauseMaximumByUser:
		return errTooManyConnections
	default:
		c.session.Close(NoPlace)
		return errNoPlace
	}
	c.joined = true
	if !c.timed.Load() {
		c.session.CloseAt(time.Time{}, "")
	}
	return nil
}

// errNoPlace is never told: the connection is closing.
var errNoPlace = errors.New("socketio: no place")

// errTooManyConnections is for a page to show. Coming back would not help: the user has to leave elsewhere.
var errTooManyConnections = &ConnectError{
	Message: "Too many connections",
	Data:    map[string]string{"code": "too_many_connections"},
	Close:   true,
}

// limit gives a client its time from the handshake on, unless the application has set one.
func (c *conn) limit(h *Handshake, d time.Duration) {
	if !c.timed.Load() {
		c.session.CloseAt(h.Issued.Add(d), ConnectTimeout)
	}
}
