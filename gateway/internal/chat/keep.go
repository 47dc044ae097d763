package chat

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// asker is who asks for something and is owed one answer: a client for its event, or the web app for its request.
type asker interface {
	answer(contract.Answer)
	// forget lets go of what was asked: from here on only the answer is owed.
	forget()
	// survive is deferred where an answer comes later: it keeps a panic there from ending everybody's connection.
	survive()
}

// said is a message whose text, destination and speaker are settled.
type said struct {
	by     asker
	socket *socketio.Socket // nil where the web app says it
	member *member
	fields contract.Object
	text   string
	fills  []json.RawMessage // the columns of MESSAGE_FIELDS
	to     place
	id     contract.ClientID
	whole  []json.RawMessage // all that was said, where an answer is wanted: it tells a resend without an id
	back   *comeback
}

// keep stores a message and, once it is committed, tells the room and then answers the sender. It returns the answer if it has one at once,
// and nil if that comes later.
func (c *Chat) keep(m said) contract.Answer {
	// A resend is answered as what it repeats is, and costs its sender nothing more.
	sent, answer, repeated := c.resends.open(m.member.ID, m.to, m.id, m.text+joined(m.fills), m.by)
	if repeated {
		return answer
	}
	if m.id.Shared { // its own message may have another
		m.id = contract.ClientID{}
	}
	draft := message.Draft{Room: m.to.room, Receiver: m.to.receiver, User: m.member.ID, Username: m.member.Name, Text: m.text, Fields: m.fills}
	draft.Fingerprint = c.fingerprint(m)
	draft.Own = m.id.Value != ""
	switch {
	case c.stillness == nil:
	case draft.Own:
		draft.Elsewhere = c.stillness.stood(time.Now()) || m.member.isNew()
	case c.mayBeStored(m, draft): // the gateway that it was sent to before may be about to store it
		draft.Elsewhere, draft.Behind = true, m.back.heard
	}
	row, known, refusal := c.stored(m, draft)
	if refusal != nil {
		c.resends.end(sent, refusal)
		return refusal
	}

	// The identity is written before the size is taken, since it and the columns' names add to it.
	c.leaveOut(&m.fields, m.member)
	c.keys.Identify(m.fields, m.member.Person)
	c.keys.ReserveRow(&m.fields, m.member.Person, m.to.room, m.to.receiver)

	// The bounds are the last check, since they charge the sender, who does not pay for what another check
	// refuses. They come before the store: what is too large to be told must not be stored.
	if known {
		answer := c.success(m.fields, row, m.member.Person)
		c.resends.end(sent, answer)
		return answer
	}
	draft.Held = c.options.MessageShape.Size(m.fields.Size())
	if refusal := c.fits(draft.Held, m.member); refusal != nil {
		c.resends.end(sent, refusal)
		return refusal
	}

	// From here on the store owes one call, after the commit and in the order of commits. While it waits,
	// the fields are all that is kept of what was said.
	m.by.forget()
	m.whole = nil
	c.store.Save(draft, func(row message.Stored, err error) {
		defer m.by.survive()
		c.kept(m, sent, row, err)
	})
	return nil
}

// kept tells what became of a message. The store's delivery calls it.
func (c *Chat) kept(m said, sent *sent, row message.Stored, err error) {
	if err != nil {
		failure := storeFailure(err)
		m.by.answer(failure)
		c.resends.end(sent, failure)
		return
	}
	// The room is told before the sender is: as a member it hears its message before the ack of it.
	stored := c.success(m.fields, row, m.member.Person)
	answered := func() {
		m.by.answer(stored)
		c.resends.end(sent, stored)
	}
	if row.Again {
		answered()
		return
	}
	audience, event := c.audience(m.to, m.member.ID, m.socket), c.options.MessageShape.Row(stored.Message)
	if c.options.Order == nil {
		c.tell(audience, row, event)
		answered()
		return
	}
	c.options.Order.Tell(row, audience, c.options.MessageEvent, event, func() {
		defer m.by.survive()
		answered()
	})
}

// success is the answer to who said a message that is stored.
func (c *Chat) success(fields contract.Object, row message.Stored, by *contract.Person) contract.Success {
	return contract.Success{Message: c.payload(fields, row, by), Shape: c.options.AckShape}
}

// tell broadcasts a committed row. The store's delivery calls it, so that positions rise.
func (c *Chat) tell(to message.Audience, row message.Stored, payload json.RawMessage) {
	room := c.namespace.To(to.Rooms...).Except(to.Except...)
	if c.options.Recovers {
		room = room.Kept(socketio.Offset(row.Position))
	}
	if err := room.Emit(c.options.MessageEvent, payload); err != nil {
		c.options.Logger.Error("a stored message could not be broadcast", "error", err)
	}
}

// audience is who hears what a socket of a user says there, or the web app.
func (c *Chat) audience(to place, user string, by *socketio.Socket) message.Audience {
	a := message.Audience{Rooms: to.rooms(user)}
	if c.options.NoEcho && by != nil {
		a.Except = []string{by.ID()}
	}
	return a
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
	if misfit := (*message.Misfit)(nil); errors.As(err, &misfit) {
		return contract.Failure{Code: contract.BadRequest, Text: misfit.Error()}
	}
	if errors.Is(err, message.ErrRejected) {
		return contract.Failure{Code: contract.BadRequest, Text: "the database refused the message; does the room exist?"}
	}
	return contract.Failure{Code: contract.Unavailable, Text: "the message could not be stored, try again"}
}
