package chat

import (
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// relay passes an event to the others in a room that the sender has joined, or to a person. Nothing is stored. It
// is not volatile: a receiver that misses a read receipt, or the end of somebody's typing, would
// show what is not so for good; and one that reads too slowly is ended by its queue as ever. Arguments
// behind the first have no key to be checked by, and are left out.
func (c *Chat) relay(as string) handler {
	return func(s *socketio.Socket, m *member, r *request) contract.Answer {
		fields, ok := contract.ParseRelay(r.payload())
		if !ok {
			return contract.BadRoom
		}
		to, refusal := c.destination(s, m, r, &fields)
		if refusal != nil {
			return refusal
		}
		if to.room != "" && !s.In(to.room) { // even with OpenRooms: members see who types, so they must see that person in their list
			return notJoined
		}
		c.leaveOut(&fields, m)
		c.keys.IdentifyRelay(&fields, m.Person, to.room, c.socketTold(s))
		if !c.affordsRelay(m, to) {
			return quietly(r, tooManyRelays)
		}
		if refusal := c.fits(fields.Size(), m); refusal != nil {
			return refusal
		}
		event := as
		if event == "" {
			event = r.event.Name
		}
		if err := c.namespace.To(to.rooms(m.ID)...).Except(s.ID()).Emit(event, fields.Encode()); err != nil { // an attachment in the place of the object
			return contract.Failure{Code: contract.BadRequest, Text: "what is relayed is an object or a room"}
		}
		return contract.Success{}
	}
}

var tooManyRelays = contract.Failure{Code: contract.RateLimited, Text: "too many of these events, slow down"}

// quietly refuses a relay. A client that asks for no ack is not told: people type faster than others need to know, and to people who have
// gone, and an app would show them an error each time.
func quietly(r *request, refusal contract.Failure) contract.Answer {
	if r.event.WantsAck() {
		return refusal
	}
	r.count(refusal)
	return nil
}
