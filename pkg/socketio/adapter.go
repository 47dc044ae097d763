package socketio

import "github.com/socketgate/socketgate/pkg/engineio"

// Adapter keeps who is in which room of one namespace, and delivers to them. Its methods are
// called from any goroutine.
type Adapter interface {
	// Join adds a socket to a room; joining again does nothing. ErrDisconnected means that the
	// socket is gone already.
	Join(s *Socket, room string) error
	// Leave reports whether the socket was in the room.
	Leave(s *Socket, room string) bool
	// LeaveAll takes a socket out for good: Join fails from now on.
	LeaveAll(s *Socket)
	Rooms(s *Socket) []string
	In(s *Socket, room string) bool
	// Broadcast queues an event's packets for every socket that the target means, once each. What
	// is broadcast to one room one after the other arrives in that order at every member.
	Broadcast(event []*engineio.Packet, to Target)
}

// Target says whom a broadcast is for: the union of Rooms, or everybody when there are none,
// without the members of Except. Of several servers behind one adapter, Local means this one alone.
// Volatile lets those miss the event who can't take it at once.
type Target struct {
	Rooms, Except   []string
	Volatile, Local bool
}
