package chat

import (
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/socketio"
)

var (
	tooManyJoins = contract.Failure{Code: contract.RateLimited, Text: "too many joins, slow down"}
	tooManyLists = contract.Failure{Code: contract.RateLimited, Text: "you are in this room; too many member lists, slow down"}
)

// welcome counts a socket that has joined a room into its members, and answers it. Whoever can't be told by an own list, since
// they had so many, hears the room's.
func (c *Chat) welcome(s *socketio.Socket, m *member, r *request, room string) contract.Answer {
	soon := c.rosters.Enter(room, m.Person)
	switch {
	case soon && !r.event.WantsAck(): // the list is work that grows with the room
		return contract.Success{}
	case !c.affordsList(m):
		if !soon {
			c.rosters.TellAgain(room, m.Person)
		}
		return contract.Success{}
	}
	return c.tellAsker(s, m, r, room, !soon)
}

// welcomeAgain answers a socket that was in the room already. Nobody else hears of that: the room's list is as it was.
func (c *Chat) welcomeAgain(s *socketio.Socket, m *member, r *request, room string) contract.Answer {
	if !c.affordsList(m) {
		return tooManyLists
	}
	return c.tellAsker(s, m, r, room, true)
}

// tellAsker tells who is in a room to one socket alone: by an event, and by the ack if there is one.
func (c *Chat) tellAsker(s *socketio.Socket, m *member, r *request, room string, byEvent bool) contract.Answer {
	var answer contract.Success
	if byEvent {
		c.tellList(s, m, room)
	}
	if r.event.WantsAck() {
		answer.Members = c.rosters.List(room).Array(c.options.MaxEvent)
		c.chargeList(m, len(answer.Members))
	}
	return answer
}

// tellList tells it by an event.
func (c *Chat) tellList(s *socketio.Socket, m *member, room string) {
	c.rosters.TellOne(room, func(list presence.List) {
		payload := c.shaped(list, room)
		s.Emit(c.options.MembersEvent, payload)
		c.chargeList(m, len(payload))
	})
}
