package chat

import (
	"encoding/json"
	"errors"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// send stores a message and, once it is committed, tells the room and then the sender. The order of its steps
// is what makes each of them safe.
func (c *Chat) send(s *socketio.Socket, m *member, r *request) contract.Answer {
	back := m.back
	m.back = nil
	fields, ok := contract.ParseObject(r.payload())
	if !ok {
		return contract.Failure{Code: contract.BadRequest, Text: "a message is an object with a room and a text"}
	}

	// The text depends on the object alone, so it is read before anything is looked up. It is written back
	// under every key of a text: from here on the object says what the database will get.
	text, refusal := c.keys.Text(&fields, c.options.MaxText)
	if refusal != nil {
		return refusal
	}

	// The destination is read before the identity is written: a key can mean both (a room column called
	// ownerId), and then the client named its room there. A message that comes before its sender has joined is
	// sent from the beginning again when that happens.
	to, refusal := c.destination(s, m, r, &fields)
	if refusal != nil {
		return c.waits(m, r, fields, refusal)
	}
	if to, refusal = c.storable(to); refusal != nil {
		return refusal
	}

	// A resend is answered as what it repeats is, and costs its sender nothing more.
	id := fields.ClientID(m.Person)
	sent, answer, repeated := c.resends.open(m.ID, to, id, text, r)
	if repeated {
		return answer
	}
	if id.Shared { // its own message may have another
		id = contract.ClientID{}
	}
	draft := message.Draft{Room: to.room, Receiver: to.receiver, User: m.ID, Username: m.Name, Text: text}
	draft.Fingerprint = c.fingerprint(s, m.ID, to, id, r)
	row, known, refusal := c.stored(s, draft, id.Value != "", back)
	if refusal != nil {
		c.resends.end(sent, refusal)
		return refusal
	}

	// The identity is written before the size is taken, since it and the columns' names add to it.
	c.leaveOut(&fields, m)
	c.keys.Identify(fields, m.Person)
	c.keys.ReserveRow(&fields, m.Person, to.room, to.receiver)

	// The bounds are the last check, since they charge the sender, who does not pay for what another check
	// refuses. They come before the store: what is too large to be told must not be stored.
	if known {
		answer := contract.Success{Message: c.payload(fields, row, m.Person)}
		c.resends.end(sent, answer)
		return answer
	}
	size := fields.Size()
	if refusal := c.fits(size, m); refusal != nil {
		c.resends.end(sent, refusal)
		return refusal
	}

	// From here on the store owes one call, after the commit and in the order of commits. While it waits,
	// the fields are all that is kept of the event.
	r.event.Args = nil
	draft.Held = size
	c.store.Save(draft, func(row message.Stored, err error) {
		defer r.survive()
		if err != nil {
			failure := storeFailure(err)
			r.answer(failure)
			c.resends.end(sent, failure)
			return
		}
		// The room is told before the sender is: as a member it hears its message before the ack of it.
		stored := contract.Success{Message: c.tell(to, fields, row, m.Person)}
		r.answer(stored)
		c.resends.end(sent, stored)
	})
	return nil
}

// tell broadcasts a committed row, and returns what the room heard. The store's delivery calls it, so that positions rise.
func (c *Chat) tell(to place, fields contract.Object, row message.Stored, by *contract.Person) json.RawMessage {
	payload := c.payload(fields, row, by)
	room := c.namespace.To(to.rooms(by.ID)...)
	if c.options.Recovers {
		room = room.Kept(socketio.Offset(row.Position))
	}
	if err := room.Emit(c.options.MessageEvent, payload); err != nil {
		c.options.Logger.Error("a stored message could not be broadcast", "error", err)
	}
	return payload
}

// payload lays a committed row over the fields that its client sent, so that nothing stands in the place of what the database has.
func (c *Chat) payload(fields contract.Object, row message.Stored, by *contract.Person) json.RawMessage {
	var known contract.Object
	if c.options.Unstored { // the row is made up; the client knows the message by the app's own id
		known = fields.StoredByApp()
	}
	c.keys.PutRow(&fields, row, by)
	fields.SetAll(known)
	return fields.Encode()
}

// storeFailure is what a client is told of a message that was not stored.
func storeFailure(err error) contract.Failure {
	if errors.Is(err, message.ErrRejected) {
		return contract.Failure{Code: contract.BadRequest, Text: "the database refused the message; does the room exist?"}
	}
	return contract.Failure{Code: contract.Unavailable, Text: "the message could not be stored, try again"}
}
