package chat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

var (
	notJoined   = contract.Failure{Code: contract.NotInRoom, Text: "join the room before you send to it"}
	nowhere     = contract.Failure{Code: contract.BadRequest, Text: contract.BadRoom.Text + ", and you are in no room"}
	namesBoth   = contract.Failure{Code: contract.BadRequest, Text: "a message goes to a room or to a person, and this one names both"}
	privateRoom = contract.Failure{Code: contract.Forbidden, Text: "this room is private to another connection"}
)

// place is where a message or relay goes: a room, or one person. Where it names both, it goes to the person, and the
// room is one that the sender is in.
type place struct {
	room     string
	receiver string // a user's id
}

// rooms returns the namespace's rooms that hear what somebody says there. A person hears on every socket, and so
// does the sender.
func (p place) rooms(sender string) []string {
	if p.receiver == "" {
		return []string{p.room}
	}
	return slices.Compact([]string{contract.PersonalRoom(p.receiver), contract.PersonalRoom(sender)})
}

// joined returns the rooms that a socket has joined, without its user's own.
func (c *Chat) joined(s *socketio.Socket) []string {
	rooms := s.Rooms()
	if !c.hasPersonal() && c.options.PersonalRoom == "" {
		return rooms
	}
	user := s.Data.(*member).ID
	return slices.DeleteFunc(rooms, func(room string) bool { return contract.IsInternal(room) || c.isOwn(room, user) })
}

// direct tells whether messages may go to one person.
func (c *Chat) direct() bool { return c.options.Columns.Receiver != "" }

// destination returns where a message or relay is to go: to the person or to the room that it names, or to the only
// room that the sender is in; or why it may go nowhere. Afterwards every key that names a room or a receiver names
// this one. The web app, which has no socket, says where its messages go, and may send everywhere.
func (c *Chat) destination(s *socketio.Socket, m *member, r *request, fields *contract.Object) (to place, refusal contract.Answer) {
	toPerson := c.direct() && c.keys.NamesReceiver(*fields)
	if toPerson {
		if to.receiver, refusal = c.receiver(fields); refusal != nil {
			return to, refusal
		}
	}
	switch {
	case c.keys.NamesRoom(*fields):
		to.room, refusal = c.namedRoom(s, m, *fields)
	case !toPerson:
		to.room, refusal = c.onlyRoom(s, m, r, *fields)
	}
	return to, refusal
}

// onlyRoom returns the room of a sender who is in one and names none.
func (c *Chat) onlyRoom(s *socketio.Socket, m *member, r *request, fields contract.Object) (room string, refusal contract.Answer) {
	if s == nil {
		return "", contract.BadRoom
	}
	if key := c.keys.Elsewhere(fields); key != "" {
		return "", c.refuseElsewhere(m, r, key)
	}
	rooms := c.joined(s)
	if chosen := c.chosen(m, rooms); len(chosen) > 0 {
		rooms = chosen
	}
	switch len(rooms) {
	case 0:
		return "", nowhere
	case 1:
		return rooms[0], nil
	}
	return "", contract.BadRoom
}

// receiver returns the person whom a message is for.
func (c *Chat) receiver(fields *contract.Object) (user string, refusal contract.Answer) {
	user, ok := c.keys.Receiver(*fields)
	if !ok {
		return "", contract.BadReceiver
	}
	c.keys.SetReceiver(fields, user)
	return user, nil
}

// storable returns where the table's row of a message is, which has a room or a receiver. Where the table has no room, one
// that the message names beside its receiver is content.
func (c *Chat) storable(to place) (place, contract.Answer) {
	switch {
	case c.options.NoRooms && to.receiver == "":
		return to, contract.BadReceiver
	case c.options.NoRooms:
		to.room = ""
	case to.receiver != "" && to.room != "":
		return to, namesBoth
	}
	return to, nil
}

// namedRoom returns the room that a message names, if the sender may send there.
func (c *Chat) namedRoom(s *socketio.Socket, m *member, fields contract.Object) (room string, refusal contract.Answer) {
	room, ok := c.keys.Room(fields)
	switch {
	case !ok:
		return "", contract.BadRoom
	case s != nil && !c.options.OpenRooms && !s.In(room) && !c.isNewRoom(m, room):
		return "", notJoined
	case (s == nil || room != s.ID()) && c.namespace.Private(room):
		return "", privateRoom
	}
	c.keys.SetRoom(fields, room)
	return room, nil
}

// refuseElsewhere refuses a message that names its place by an unknown key. If it went to the only room that its sender
// is in, people would read it for whom it is not. The log names the key once, for whoever looks for why nothing happens.
func (c *Chat) refuseElsewhere(m *member, r *request, key string) contract.Answer {
	if c.unknownEvents.isNew("key:"+key, m) {
		c.options.Logger.Warn("clients send to a place by a key that is not known, and are refused: MESSAGE_RECEIVER_COLUMN is the key of a person, MESSAGE_ROOM_COLUMN that of a room",
			"event", r.name, "key", key)
	}
	const longest = 64
	if len(key) > longest {
		key = strings.ToValidUTF8(key[:longest], "")
	}
	return contract.Failure{Code: contract.BadRequest, Text: fmt.Sprintf(
		"%q could name another place than the room you are in: name the room by roomId, or have MESSAGE_RECEIVER_COLUMN or MESSAGE_ROOM_COLUMN set on the server", key)}
}
