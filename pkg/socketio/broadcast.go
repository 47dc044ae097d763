package socketio

import (
	"context"
	"encoding/json"
	"slices"
)

// Broadcast addresses many sockets: those of this server and, through Options.Cluster, those of
// others. It is a value: To, Except, Volatile and Local return a new one.
type Broadcast struct {
	ns    *Namespace
	to    Target
	local bool
	kept  bool
}

// To adds rooms to the union that is addressed.
func (b Broadcast) To(rooms ...string) Broadcast {
	b.to.Rooms = append(b.to.Rooms[:len(b.to.Rooms):len(b.to.Rooms)], rooms...)
	return b
}

// Except leaves out every socket that is in one of these rooms; a socket's id is a room of its own.
func (b Broadcast) Except(rooms ...string) Broadcast {
	b.to.Except = append(b.to.Except[:len(b.to.Except):len(b.to.Except)], rooms...)
	return b
}

// Volatile lets sockets miss the event that can't take it at once.
func (b Broadcast) Volatile() Broadcast {
	b.to.Volatile = true
	return b
}

// Local addresses only sockets that are connected to this server.
func (b Broadcast) Local() Broadcast {
	b.local = true
	return b
}

// cluster returns who is to be told, or nil.
func (b Broadcast) cluster() Cluster {
	if b.local {
		return nil
	}
	return b.ns.cluster
}

// Emit sends an event. It is encoded once; every socket gets it once. All members of a room that are
// connected to this server get the events for it in the same order; unions of rooms are not ordered
// among each other. The error says that the event can't be encoded: then nobody gets it.
func (b Broadcast) Emit(event string, args ...any) error {
	if b.kept && b.ns.recovery != nil {
		return b.emitKept(event, args)
	}
	if cluster := b.cluster(); cluster != nil {
		return b.emitEverywhere(cluster, event, args)
	}
	m, err := b.ns.encode(event, args)
	if err != nil {
		return err
	}
	b.tell(&m)
	return nil
}

// tell delivers an event that is not kept to the sockets of this server.
func (b Broadcast) tell(m *message) {
	b.to.Offset = 0
	b.ns.rooms.tell(m, b.to)
}

// emitEverywhere hands the event over before it delivers it here: delivery to a large room takes
// longer. Arguments are made JSON once, for both.
func (b Broadcast) emitEverywhere(cluster Cluster, event string, args []any) error {
	encoded, args, err := encodeOnce(event, args)
	if err != nil {
		return err
	}
	m, err := b.ns.encode(event, args)
	if err != nil {
		return err
	}
	cluster.Broadcast(b.ns, b.to.clone(), event, encoded)
	b.tell(&m)
	return nil
}

// encodeOnce returns arguments as JSON, and the same as arguments again.
func encodeOnce(event string, args []any) (encoded []json.RawMessage, again []any, err error) {
	if encoded, err = encodeArguments(event, args); err != nil {
		return nil, nil, err
	}
	return encoded, valuesOf(encoded), nil
}

// Join takes the sockets into rooms. The rooms are the application's choice: unlike Socket.Join it
// lets sockets into the private room of another one.
func (b Broadcast) Join(rooms ...string) {
	if cluster := b.cluster(); cluster != nil {
		cluster.Join(b.ns, b.to.clone(), slices.Clone(rooms))
	}
	b.move(rooms, true)
}

// Leave takes the sockets out of rooms. None leaves the room of its own id.
func (b Broadcast) Leave(rooms ...string) {
	if cluster := b.cluster(); cluster != nil {
		cluster.Leave(b.ns, b.to.clone(), slices.Clone(rooms))
	}
	b.move(rooms, false)
}

// move takes the sockets of this server into rooms, or out of them.
func (b Broadcast) move(rooms []string, joins bool) {
	b.Each(func(s *Socket) {
		for _, room := range rooms {
			b.ns.move(s, room, joins)
		}
	})
}

// Disconnect is Socket.Disconnect for each of the sockets. The handlers that hear of it run before
// Disconnect returns, as far as the sockets are connected to this server and the connections go on.
func (b Broadcast) Disconnect(closes bool) {
	if cluster := b.cluster(); cluster != nil {
		cluster.Disconnect(b.ns, b.to.clone(), closes)
	}
	b.Each(func(s *Socket) { s.Disconnect(closes) })
}

// Each calls f for each of the sockets that are connected to this server, with no lock held.
func (b Broadcast) Each(f func(*Socket)) {
	for _, s := range b.ns.rooms.list(b.to) {
		f(s)
	}
}

// Sockets describes the sockets, those of other servers first. Ctx bounds how long they are waited
// for; with an error, those that are known by then are returned. Socket.Data is read by encoding/json
// meanwhile, on this goroutine.
func (b Broadcast) Sockets(ctx context.Context) (sockets []SocketInfo, err error) {
	if cluster := b.cluster(); cluster != nil {
		sockets, err = cluster.Sockets(ctx, b.ns, b.to.clone())
		for i := range sockets {
			sockets[i].Namespace = b.ns.name
		}
	}
	b.Each(func(s *Socket) { sockets = append(sockets, s.info()) })
	return sockets, err
}
