package socketio

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Socket is one client in one namespace. Its methods may be called from any goroutine.
type Socket struct {
	// Data is the application's. A middleware sets it. Handlers read it, and Broadcast.Sockets makes
	// JSON of it, on the goroutine of its caller.
	Data any

	conn      *conn
	namespace *Namespace
	id        string
	origin    *origin // nil without a Cluster and without Recovery
	phase     atomic.Uint32

	mu        lockorder.Mutex[Socket]
	gone      bool
	recovered bool         // set before the socket is connected
	succeeded bool         // another server has its session: nothing is kept of it here
	acks      *pendingAcks // nil until one was wanted
	memberships
}

// A socket's phases.
const (
	arriving  uint32 = iota // the middlewares are asked
	welcomed                // the client is about to be told that it is connected, see sockets.add
	connected               // it was told
	out                     // of the namespace, while the connection may go on
)

// What Join and Emit refuse.
var (
	// ErrPrivateRoom: the room is another socket's own, named like its id.
	ErrPrivateRoom = errors.New("socketio: room is private to another socket")
	// ErrDisconnected: the socket is gone.
	ErrDisconnected = errors.New("socketio: socket disconnected")
	// ErrReserved: events can't have this name.
	ErrReserved = errors.New("socketio: reserved event name")
)

// ID returns the socket's id: 20 characters, unguessable, new with every connection. A socket that takes up a session has
// that one's from OnRecover on, while the middlewares have seen another.
func (s *Socket) ID() string { return s.id }

// Emit sends an event to this client. Arguments are what encoding/json takes; a json.RawMessage
// goes out as it is. Sent is not received: a client that goes away may have missed it.
func (s *Socket) Emit(event string, args ...any) error { return s.emit(false, event, args) }

// EmitVolatile is Emit for what is worth nothing later: a client that can't take the event at once
// misses it.
func (s *Socket) EmitVolatile(event string, args ...any) error { return s.emit(true, event, args) }

func (s *Socket) emit(volatile bool, event string, args []any) error {
	m, err := s.namespace.encode(event, args)
	if err != nil {
		return err
	}
	return s.post(volatile, &m)
}

// Join enters a room. A socket is in the room of its own id from the start. Clients often choose the
// names of rooms, so the room of another socket's id is refused with ErrPrivateRoom: see Namespace.Private.
func (s *Socket) Join(room string) error {
	if room != s.id && s.namespace.Private(room) {
		return ErrPrivateRoom
	}
	_, err := s.join(room)
	return err
}

func (s *Socket) join(room string) (entered bool, err error) {
	if room == s.id {
		return false, nil
	}
	if entered, err = s.namespace.rooms.join(s, room); entered {
		s.moved(room)
	}
	return entered, err
}

// Leave leaves a room; false means that the socket was not in it. Its own room is never left.
func (s *Socket) Leave(room string) bool {
	left := s.namespace.rooms.leave(s, room)
	if left {
		s.moved(room)
	}
	return left
}

// Rooms returns the rooms that the socket is in, without its own, in the order of joining.
func (s *Socket) Rooms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, s.count)
	for m := s.first; m != nil; m = m.after {
		names = append(names, m.room.name)
	}
	return names
}

// In tells whether the socket is in a room.
func (s *Socket) In(room string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.membership(room) != nil
}

// Disconnect takes the socket out of its namespace, or with all out of every one and closes the
// connection. The client is told by DISCONNECT packets and does not come back by itself; to have it
// come back, use Close. Disconnecting again does nothing.
func (s *Socket) Disconnect(all bool) {
	if all {
		s.conn.kick()
		return
	}
	// The client is told once: when this is called again, it may have a new socket in the namespace.
	if s.conn.dismiss(s) {
		s.conn.control(typeDisconnect, s.namespace.name, nil)
		s.conn.goodbye(s, ServerDisconnect)
	}
}

// Close closes the connection after what is queued, without a DISCONNECT packet: the client comes
// back by itself. With GivenUp it is told the event "session_given_up" before, with a string by which it begins anew at any server.
func (s *Socket) Close(reason engineio.Reason) {
	if reason == GivenUp {
		for _, one := range s.conn.all() {
			one.giveUp()
		}
	}
	s.conn.session.Close(reason)
}

// CloseAt is Close when t has come. The zero time takes it back. There is one such time for a
// connection: the last call counts.
func (s *Socket) CloseAt(t time.Time, reason engineio.Reason) {
	s.conn.timed.Store(true)
	s.conn.session.CloseAt(t, reason)
}

// TakenOut tells whether the socket was taken out of its namespace (by Disconnect, by its client, or since its session is elsewhere or
// given up), rather than ended with its connection. That may be so already when OnConnect hears of it.
func (s *Socket) TakenOut() bool { return s.phase.Load() == out }

// settled returns the phase. If the client is just being told that it is connected, it waits for the end of that.
func (s *Socket) settled() uint32 {
	phase := s.phase.Load()
	if phase == welcomed {
		s.namespace.sockets.get(s.id)
		phase = s.phase.Load()
	}
	return phase
}

// post sends a message of this socket's own.
func (s *Socket) post(volatile bool, m *message) error {
	if s.settled() == out {
		return ErrDisconnected
	}
	return s.deliver(volatile, m.packetsFor(s))
}

func (s *Socket) send(packets ...*engineio.Packet) error {
	return s.post(false, &message{packets: packets})
}

// deliver drops volatile packets that would have to wait.
func (s *Socket) deliver(volatile bool, packets []*engineio.Packet) error {
	if volatile && !s.conn.session.Writable() {
		return nil
	}
	if s.conn.session.Send(packets...) != nil {
		return ErrDisconnected
	}
	return nil
}

// leave ends the socket. The conn calls it once, after it has taken the socket out of its list.
func (s *Socket) leave(reason engineio.Reason) {
	defer s.conn.server.release(s.namespace)
	defer s.forgetAcks()
	defer s.namespace.sockets.remove(s)
	defer s.rest(reason)
	for _, h := range s.namespace.onDisconnecting {
		h(s, reason)
	}
}
