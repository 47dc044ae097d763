package chat

import (
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Relay is an event that is passed on and forgotten: typing, read receipts.
type Relay struct {
	// Event comes in, in any of its spellings.
	Event string
	// As is what the others hear. Empty means the event in the spelling that the client used.
	As string
}

// relay passes an event to the others in a room that the sender has joined. Nothing is stored. It
// is not volatile: a receiver that misses a read receipt, or the end of somebody's typing, would
// show what is not so for good; and one that reads too slowly is ended by its queue as ever.
func (c *Chat) relay(as string) handler {
	return func(s *socketio.Socket, m *member, r *request) answer {
		fields, ok := relayed(r)
		if !ok {
			return badRoom
		}
		room, no := c.destination(s, &fields)
		if no != nil {
			return no
		}
		if !s.In(room) { // whatever OpenRooms says: who types is seen by those who see them
			return notJoined
		}
		fields.speak(m.person, c.columns.speakers)
		fields.speak(m.person, actors)
		fields.identify(m.person, room, c.columns.rooms)
		if !c.affords(m, room) {
			return spared(r)
		}
		if no := c.fits(fields.size(), m); no != nil {
			return no
		}
		event := as
		if event == "" {
			event = r.event.Name
		}
		if err := c.namespace.To(room).Except(s.ID()).Emit(event, fields.encode()); err != nil { // an attachment in the place of the object
			return failure{badRequest, "what is relayed is an object or a room"}
		}
		return success{}
	}
}

// relayed reads what a client wants relayed: an object, a room alone, or nothing (or undefined, which
// JavaScript sends as null), which means the only room it is in. What else there is as arguments has no
// name to be checked by, and is left out.
func relayed(r *request) (object, bool) {
	payload := r.payload()
	if payload == nil || isNull(payload) {
		return object{}, true
	}
	if _, ok := scalar(payload); ok {
		return object{{"roomId", payload}}, true
	}
	return parseObject(payload)
}

// identify adds who and where, for receivers that are told a bare room by their clients.
func (o *object) identify(p *person, room string, by keys[int]) {
	o.set("userId", p.idJSON)
	o.set("username", p.nameJSON)
	if !o.namesRoom(by) {
		o.set("roomId", quote(room))
	}
}

// relayRoom is how many sockets of a room one relay reaches at its plain price. In larger rooms it
// costs in proportion, so that all of a room typing at once cost n deliveries, and not n².
const relayRoom = 100

// affords charges the sender for a relay to everybody in the room. A start and its end always fit
// one after the other.
func (c *Chat) affords(m *member, room string) bool {
	rate := c.options.RelayRate
	cost := max(1, float64(c.rosters.sockets(room))/relayRoom)
	return m.relays.take(time.Now(), cost, rate, 2*max(rate, cost))
}

// spared refuses a relay that comes too often. Who does not ask is not told: people type faster
// than others need to know, and apps show errors to them.
func spared(r *request) answer {
	no := failure{rateLimited, "too many of these events, slow down"}
	if r.event.WantsAck() {
		return no
	}
	r.chat.options.Observer.Event(r.name, no.outcome())
	return nil
}
