package socketio

import (
	"net/netip"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Vet asks the middlewares about a client that has no connection yet, and returns the error of the one that refuses it. Their Socket is
// never connected. They are asked again when the client connects.
func (ns *Namespace) Vet(h *Handshake) error {
	s := &Socket{conn: &conn{session: noSession{}}, namespace: ns, id: engineio.NewID()}
	s.phase.Store(out)
	defer ns.rooms.leaveAll(s)
	return ns.admit(s, h)
}

// noSession is the session of a client that has none yet.
type noSession struct{}

func (noSession) ID() string                     { return "" }
func (noSession) Addr() netip.Addr               { return netip.Addr{} }
func (noSession) Send(...*engineio.Packet) error { return ErrDisconnected }
func (noSession) Settle(string) string           { return "" }
func (noSession) Writable() bool                 { return false }
func (noSession) Close(Reason)                   {}
func (noSession) CloseAt(time.Time, Reason)      {}
