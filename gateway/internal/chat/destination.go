package chat

import (
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

var (
	notJoined   = contract.Failure{Code: contract.NotInRoom, Text: "join the room before you send to it"}
	privateRoom = contract.Failure{Code: contract.Forbidden, Text: "this room is private to another connection"}
)

// destination returns the room that a message or relay names, or the only one that the sender is in, or why it
// may go to neither. Afterwards every key that names a room names this one.
func (c *Chat) destination(s *socketio.Socket, fields contract.Object) (room string, refusal contract.Answer) {
	if !c.keys.NamesRoom(fields) {
		if rooms := s.Rooms(); len(rooms) == 1 {
			return rooms[0], nil
		}
		return "", contract.BadRoom
	}
	room, ok := c.keys.Room(fields)
	switch {
	case !ok:
		return "", contract.BadRoom
	case !c.options.OpenRooms && !s.In(room):
		return "", notJoined
	case room != s.ID() && c.namespace.Private(room):
		return "", privateRoom
	}
	c.keys.SetRoom(fields, room)
	return room, nil
}
