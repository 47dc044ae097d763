package chat

import (
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Join takes connected sockets into rooms, on all gateways. It is the app's own word, so nobody is asked whether they may. It does not hold
// for sockets that connect later, and Options.Recheck asks about the right to stay as for everybody. A room named like a socket is refused.
// Any goroutine may call it.
func (c *Chat) Join(who Whom, rooms []string) contract.Answer {
	out, refusal := c.moving(who, rooms)
	if refusal == nil {
		out.Join(rooms...)
		return contract.Success{}
	}
	return refusal
}

// Leave takes connected sockets out of rooms, on all gateways. Any goroutine may call it.
func (c *Chat) Leave(who Whom, rooms []string) contract.Answer {
	out, refusal := c.moving(who, rooms)
	if refusal == nil {
		out.Leave(rooms...)
		return contract.Success{}
	}
	return refusal
}

func (c *Chat) moving(who Whom, rooms []string) (out socketio.Broadcast, refusal contract.Answer) {
	to, refusal := who.targets()
	switch {
	case refusal != nil:
		return out, refusal
	case len(to) == 0:
		return out, nobodyMeant
	case len(rooms) == 0 || len(rooms) > maxRooms || !areNames(rooms):
		return out, badName
	}
	for _, room := range rooms {
		if c.namespace.Private(room) {
			return out, privateRoom
		}
	}
	return c.namespace.To(to...), nil
}

// moved changes a room's list together with its sockets where it is not their clients who move them, but the web app, an emitter or a server
// beside this gateway.
func (c *Chat) moved(s *socketio.Socket, room string, joins bool, move func() bool) {
	m, admitted := s.Data.(*member)
	if !admitted {
		move()
		return
	}
	m.seats.Lock()
	defer m.seats.Unlock()
	if !move() || !m.seated || contract.IsInternal(room) || c.isOwn(room, m.ID) { // who is not seated yet will be in every room
		return
	}
	if joins {
		c.seat(s, m, room)
		c.audit("join", m, room, byServer)
		return
	}
	c.rosters.Leave(room, m.Person)
}

// Disconnect closes the connections of the sockets that are meant, at this gateway and the others. Their clients do not come back by themselves.
// Any goroutine may call it.
func (c *Chat) Disconnect(who Whom) contract.Answer {
	to, refusal := who.targets()
	switch {
	case refusal != nil:
		return refusal
	case len(to) == 0:
		return nobodyMeant
	}
	if len(who.Rooms) > 0 || len(who.Sockets) > 0 {
		c.namespace.To(slices.Concat(who.Rooms, who.Sockets)...).Disconnect(true)
	}
	if len(who.Users) > 0 {
		c.disconnectUsers(who.Users...)
	}
	return contract.Success{}
}

// anyLogin is no digest of a login.
const anyLogin = "?"

// Revoke has Options.Logins asked at once about all logins of users who are connected, at this gateway before it returns and at the others
// soon, and ends those that the app has ended. Any goroutine may call it.
func (c *Chat) Revoke(users []string) contract.Answer {
	switch {
	case c.options.Logins == nil:
		return contract.Failure{Code: contract.BadRequest, Text: "nothing tells which logins have ended: set REVOKED_QUERY or SESSION_QUERY on the gateway, or disconnect the users"}
	case len(users) == 0 || len(users) > maxNames || !areNames(users):
		return badName
	}
	ended := make(map[string][]string, len(users))
	for _, user := range users {
		ended[user] = []string{anyLogin}
		if c.options.Gateways != nil {
			c.options.Gateways.LoginEnded(user, anyLogin)
		}
	}
	c.EndLogins(ended)
	return contract.Success{}
}
