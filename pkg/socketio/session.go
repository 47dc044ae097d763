package socketio

import (
	"net/netip"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Session carries the packets of one client. The server's own sessions are those of package engineio;
// Adopt takes others. Its methods may be called from any goroutine, with locks of this package held,
// and return without waiting for the network.
type Session interface {
	// ID is unguessable, and a secret of this client and the server.
	ID() string
	Addr() netip.Addr
	// Send queues packets, contiguously and in order. An error means that the session is closing.
	Send(packets ...*engineio.Packet) error
	// Settle tells that the client has been let in as this user; empty is no user. A cause means that there is
	// no place for it: one of the Cause constants of package engineio.
	Settle(user string) (cause string)
	// Writable tells whether a packet sent now would not have to wait behind others.
	Writable() bool
	// Close ends the session after what is queued. The first reason stays.
	Close(Reason)
	// CloseAt is Close when t has come; the zero time takes it back.
	CloseAt(t time.Time, reason Reason)
}

var _ Session = (*engineio.Session)(nil)
