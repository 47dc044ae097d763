package chat

import (
	"errors"
	"fmt"
	"slices"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// maxRooms is how many rooms a socket may be in at a time, with Multi: far more than a person reads.
const maxRooms = 1000

// join enters a room and, unless Multi, leaves all others: a client that forgets to leave would
// haunt its old room as a ghost that still hears it.
func (c *Chat) join(s *socketio.Socket, m *member, r *request) answer {
	room, ok := c.roomOf(r.payload())
	if !ok {
		return badRoom
	}
	if no := c.guard(room, m); no != nil {
		return no
	}
	if room == s.ID() { // it is in it, and nobody else will be
		return privateRoom
	}
	earlier := s.Rooms()
	if c.options.Multi && len(earlier) >= maxRooms && !s.In(room) {
		return failure{forbidden, fmt.Sprintf("you are in %d rooms, leave some first", maxRooms)}
	}
	switch err := s.Join(room); {
	case errors.Is(err, socketio.ErrPrivateRoom):
		return privateRoom
	case err != nil: // the socket has gone meanwhile
		return failure{unavailable, "the connection is closing"}
	}
	for _, other := range earlier {
		if other != room && !c.options.Multi {
			c.exit(s, m, other)
		}
	}
	if slices.Contains(earlier, room) {
		c.rosters.again(room)
	} else {
		c.rosters.enter(room, m.person)
	}
	if !r.event.WantsAck() { // the list is work that grows with the room
		return success{}
	}
	return success{Members: c.array(c.rosters.list(room))}
}

// guard asks the app's own rule.
func (c *Chat) guard(room string, m *member) answer {
	switch may, err := c.store.MayJoin(c.ctx, room, m.id); {
	case err != nil:
		if c.unguarded.now() {
			c.options.Logger.Warn("room access could not be checked", "error", err)
		}
		return failure{unavailable, "room access can't be checked right now, try again"}
	case !may:
		return failure{forbidden, "you may not join this room"}
	}
	return nil
}

// leave leaves a room.
func (c *Chat) leave(s *socketio.Socket, m *member, r *request) answer {
	room, ok := c.roomOf(r.payload())
	if !ok {
		return badRoom
	}
	if !c.exit(s, m, room) {
		return failure{notInRoom, "you are not in this room"}
	}
	return success{}
}

func (c *Chat) exit(s *socketio.Socket, m *member, room string) bool {
	if !s.Leave(room) {
		return false
	}
	c.rosters.leave(room, m.person)
	return true
}
