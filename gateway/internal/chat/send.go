package chat

import (
	"encoding/json"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// send reads what a client says and where it goes, and has it kept. The order of its steps is what makes each of them safe.
func (c *Chat) send(s *socketio.Socket, m *member, r *request) contract.Answer {
	back := m.back
	m.back = nil
	fields, ok := c.keys.Message(r.event.Args, c.options.SendArgs)
	if !ok {
		return contract.Failure{Code: contract.BadRequest, Text: "a message is an object with a room and a text"}
	}

	// The text depends on the object alone, so it is read before anything is looked up. It is written back
	// under every key of a text: from here on the object says what the database will get.
	text, fills, refusal := c.content(&fields, m.Person)
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

	id := fields.ClientID(m.Person)
	if id.Value == "" && c.saidElsewhere(s, r) {
		return closing
	}
	var whole []json.RawMessage
	if r.event.WantsAck() {
		whole = r.event.Args
	}
	return c.keep(said{by: r, socket: s, member: m, fields: fields, text: text, fills: fills, to: to, id: id,
		whole: whole, back: back})
}

// content reads what a message says: its text, and what fills further columns. The fields say both from then on as the database gets it.
func (c *Chat) content(fields *contract.Object, by *contract.Person) (text string, fills []json.RawMessage, refusal contract.Answer) {
	if text, refusal = c.keys.Text(fields, c.options.MaxText); refusal != nil {
		return "", nil, refusal
	}
	fills, refusal = c.keys.Fills(fields, by, c.options.MaxText)
	return text, fills, refusal
}
