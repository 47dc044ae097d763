package socketio

import (
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Namespace is a set of sockets with handlers of its own. Everything about its handlers is set up
// before the server serves; the rest may be called from anywhere at any time.
type Namespace struct {
	name            string
	temporary       bool // made by a rule of Dynamic: it is forgotten when its last user has left
	users           int  // sockets that are in it or about to be; Server.mu guards it
	middlewares     []func(*Socket, *Handshake) error
	onConnect       []func(*Socket)
	onDisconnecting []func(*Socket, engineio.Reason)
	events          map[string]func(*Socket, *Event)
	other           func(*Socket, *Event)
	sockets         *sockets
	rooms           *rooms
	cluster         Cluster   // nil when this server is alone
	recovery        *recovery // nil without Recovery
	onRooms         func(*Socket, string)
	onRecover       []func(s *Socket, rooms []string) (granted []string, err error)
	onMove          func(s *Socket, room string, joins bool, move func() bool) // nil where nobody wants to know
}

func newNamespace(name string, cluster Cluster) *Namespace {
	ns := &Namespace{name: name, events: make(map[string]func(*Socket, *Event)), sockets: newSockets(), cluster: cluster}
	ns.rooms = newRooms(ns.sockets)
	if watcher, ok := cluster.(RoomWatcher); ok {
		ns.rooms.opened = func(room string) { watcher.RoomOpened(ns, room) }
		ns.rooms.closed = func(room string) { watcher.RoomClosed(ns, room) }
	}
	return ns
}

// Name returns the namespace's name, with its slash.
func (ns *Namespace) Name() string { return ns.name }

// Use adds a middleware: it sees every socket before it is connected, may set its Data, and
// refuses it by returning an error. A *ConnectError reaches the client; of any other error the
// client learns nothing but "internal error".
func (ns *Namespace) Use(middleware func(*Socket, *Handshake) error) {
	ns.middlewares = append(ns.middlewares, middleware)
}

// OnConnect adds a handler for sockets that have been connected, after the client was told.
func (ns *Namespace) OnConnect(h func(*Socket)) { ns.onConnect = append(ns.onConnect, h) }

// OnDisconnecting adds a handler for sockets that go, whatever ended them, while they are still in
// their rooms. It runs once per socket that was connected.
func (ns *Namespace) OnDisconnecting(h func(*Socket, engineio.Reason)) {
	ns.onDisconnecting = append(ns.onDisconnecting, h)
}

// OnRooms sets who is told that a connected socket has entered a room, or left it: Socket.In has the latest. It is called by the goroutine
// that did it, several at a time, with no lock of this package held, and must not change the socket's rooms.
func (ns *Namespace) OnRooms(h func(s *Socket, room string)) { ns.onRooms = h }

// OnRecover adds a handler for sockets that take up a session, before the client is told and before they are in any room: it
// returns those of the rooms that they may still be in. An error has the client start anew, without being told why. If there are rooms
// that the client has left without having received everything that was told before, the handler is first called for these, and once more
// for those that the session is in.
func (ns *Namespace) OnRecover(h func(s *Socket, rooms []string) (granted []string, err error)) {
	ns.onRecover = append(ns.onRecover, h)
}

// On sets the handler of an event. Reserved names never arrive.
func (ns *Namespace) On(event string, h func(*Socket, *Event)) { ns.events[event] = h }

// OnOther sets the handler of every event that has none.
func (ns *Namespace) OnOther(h func(*Socket, *Event)) { ns.other = h }

// To addresses the members of a room, or of the union of several; a socket's id is the room of
// that socket alone.
func (ns *Namespace) To(rooms ...string) Broadcast {
	return Broadcast{ns: ns, to: Target{Rooms: rooms}}
}

// Local addresses the sockets of a target that are connected to this server. It is for a Cluster,
// which applies by it what comes from elsewhere, and for whatever else is meant for this server alone.
// With an Offset the event is kept.
func (ns *Namespace) Local(to Target) Broadcast {
	return Broadcast{ns: ns, to: to, local: true, kept: to.Offset != 0}
}

// Volatile addresses every socket that can take an event at once.
func (ns *Namespace) Volatile() Broadcast { return Broadcast{ns: ns}.Volatile() }

// Emit sends an event to every socket of the namespace.
func (ns *Namespace) Emit(event string, args ...any) error {
	return Broadcast{ns: ns}.Emit(event, args...)
}

// Private tells whether a room is that of one socket that is connected to this server, or may come back to it: the room of
// its id. With a Cluster it may be a socket of another server: then every name is private that may be the id of one, as
// [engineio.IsID] tells; the ids of official servers are not known.
func (ns *Namespace) Private(room string) bool {
	return ns.sockets.get(room) != nil || ns.cluster != nil && engineio.IsID(room[strings.LastIndexByte(room, '#')+1:]) ||
		ns.recovery != nil && ns.recovery.peek(sessionID{ns.name, room}) != nil
}

// Occupied tells whether a broadcast to a room would reach a socket that is connected to this server. A socket's id is a room.
func (ns *Namespace) Occupied(room string) bool { return ns.rooms.occupied(room) }

// Rooms returns the rooms that sockets of this server are in, in no order. Those of their ids are among them.
func (ns *Namespace) Rooms() []string {
	names := ns.rooms.names()
	ns.sockets.each(func(s *Socket) { names = append(names, s.id) })
	return names
}

// Sockets returns how many sockets are connected to this server.
func (ns *Namespace) Sockets() int { return ns.sockets.count() }

// Each calls f for every socket that is connected to this server, in no order. It holds no lock meanwhile, so f may take as long
// as it likes; a socket that comes or goes meanwhile may be met or not.
func (ns *Namespace) Each(f func(*Socket)) { ns.sockets.each(f) }

// EachIn is Each for the sockets in a room.
func (ns *Namespace) EachIn(room string, f func(*Socket)) { ns.To(room).Each(f) }

// admit asks the middlewares. If it fails or panics, the caller takes the socket out of the rooms that one of them had it join.
func (ns *Namespace) admit(s *Socket, h *Handshake) error {
	for _, m := range ns.middlewares {
		if err := m(s, h); err != nil {
			return err
		}
	}
	return nil
}

func (ns *Namespace) dispatch(s *Socket, e *Event) {
	if h := ns.events[e.Name]; h != nil {
		h(s, e)
		return
	}
	if ns.other != nil {
		ns.other(s, e)
	}
}
