package chat

import (
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// notThere is the answer both for a user who is away and for one who may not be reached, so that a call does not tell who is online.
var notThere = contract.Failure{Code: contract.NotConnected, Text: "nobody whom you may reach by this is connected"}

// call passes an event to one user or to one socket: calls, their signalling, and who types to whom. Nothing is stored, and nobody else
// hears it, the sender's other sockets neither: they would ring for a call that they make.
func (c *Chat) call(relay Relay) handler {
	return func(s *socketio.Socket, m *member, r *request) contract.Answer {
		fields, to, ok := contract.ParseCall(r.payload(), relay.To == ToSocket, relay.Key)
		if !ok {
			return contract.BadTarget
		}
		c.leaveOut(&fields, m)
		c.keys.IdentifyCall(&fields, m.Person, relay.To == ToSocket, c.socketTold(s))
		if !c.affordsRelay(m, place{receiver: to}) {
			return quietly(r, tooManyRelays)
		}
		if refusal := c.fits(fields.Size(), m); refusal != nil {
			return refusal
		}
		room, there := c.reach(s, m, relay.To, to)
		if !there {
			return quietly(r, notThere)
		}
		event := relay.As
		if event == "" {
			event = r.event.Name
		}
		if err := c.namespace.To(room).Except(s.ID()).Emit(event, fields.Encode()); err != nil { // an attachment in the place of the object
			return contract.BadTarget
		}
		return contract.Success{}
	}
}

// reach returns the room of the user or socket that a call is for, and whether somebody is there. A socket that is not here may be at another
// gateway. A client can't name other rooms by it: users' rooms have names of their own, and nobody else may join a socket's.
func (c *Chat) reach(s *socketio.Socket, m *member, party Party, to string) (room string, there bool) {
	if party == ToSocket {
		return to, c.namespace.Private(to) && (c.options.Gateways != nil || c.namespace.Occupied(to))
	}
	room = contract.PersonalRoom(to)
	switch {
	case to == m.ID:
		return room, true
	case c.options.RelayAnyone, c.direct():
		return room, c.isConnected(to)
	}
	return room, c.rosters.Together(c.joined(s), to)
}

// isConnected tells whether a user has a socket. Where there are several gateways and nobody counts who is online, everybody may.
func (c *Chat) isConnected(user string) bool {
	switch {
	case c.namespace.Occupied(contract.PersonalRoom(user)):
		return true
	case c.options.Gateways == nil:
		return false
	}
	return !c.tellsOnline() || c.rosters.Together([]string{contract.OnlineRoom}, user)
}

// relaysTo tells whether there are relays to such a party.
func (c *Chat) relaysTo(party Party) bool {
	return slices.ContainsFunc(c.options.Relays, func(r Relay) bool { return r.To == party })
}

// socketTold is the id that is told of who relays something, where there are relays that can answer it.
func (c *Chat) socketTold(s *socketio.Socket) string {
	if !c.relaysTo(ToSocket) {
		return ""
	}
	return s.ID()
}
