package chat

import (
	"encoding/json"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// What follows is for the app's own server, which has handlers of its own behind this gateway. It is the app, so no rule is asked.

// Who returns what is known of a socket's user, as JSON: id, userId, username and name.
func (c *Chat) Who(s *socketio.Socket) json.RawMessage { return s.Data.(*member).Whole() }

// Hidden tells of a room that is none of the app's: it has no business there.
func (c *Chat) Hidden(room string) bool { return contract.IsInternal(room) }

// EnterRooms takes a socket into rooms, and into their member lists.
func (c *Chat) EnterRooms(s *socketio.Socket, rooms []string) {
	m := s.Data.(*member)
	m.seats.Lock()
	defer m.seats.Unlock()
	if m.ended {
		return
	}
	for _, room := range rooms {
		if !s.In(room) && s.Join(room) == nil && m.seated { // who is not seated yet will be in every room
			c.seat(s, m, room)
		}
	}
}

// LeaveRooms takes a socket out of rooms, and out of their member lists.
func (c *Chat) LeaveRooms(s *socketio.Socket, rooms []string) {
	m := s.Data.(*member)
	m.seats.Lock()
	defer m.seats.Unlock()
	for _, room := range rooms {
		c.vacate(s, m, room)
	}
}
