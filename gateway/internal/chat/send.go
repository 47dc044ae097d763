package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// textKeys are where the surveyed apps put the text, in the order of preference.
var textKeys = []string{"text", "message", "content"}

// send stores a message and, once it is committed, tells the room and the sender.
func (c *Chat) send(s *socketio.Socket, m *member, r *request) answer {
	fields, ok := parseObject(r.payload())
	if !ok {
		return failure{badRequest, "a message is an object with a room and a text"}
	}
	text, no := c.text(&fields)
	if no != nil {
		return no
	}
	room, no := c.destination(s, &fields)
	if no != nil {
		return no
	}
	fields.speak(m.person, c.columns.speakers)
	said := object{{"id", fields.get("id")}, {"createdAt", fields.get("createdAt")}}
	c.columns.draft(&fields, m.person, room)
	size := fields.size()
	if no := c.fits(size, m); no != nil {
		return no
	}
	r.event.Args = nil // what waits for the commit is the fields
	draft := message.Draft{Room: room, User: m.id, Username: m.name, Text: text, Held: size}
	c.store.Save(draft, func(row message.Stored, err error) {
		defer r.survive()
		if err != nil {
			r.answer(refused(err))
			return
		}
		fields.putRow(row, m.person)
		c.columns.put(&fields, fields)
		if c.options.Unstored {
			fields.keepRow(said)
		}
		payload := fields.encode()
		if err := c.namespace.To(room).Emit(c.options.MessageEvent, payload); err != nil {
			c.options.Logger.Error("a stored message could not be broadcast", "error", err)
		}
		r.answer(success{Message: payload})
	})
	return nil
}

// fits bounds what one sender puts into the queues of a whole room, by size and by rate.
func (c *Chat) fits(size int, m *member) answer {
	limit := c.options.MaxEvent
	switch {
	case limit == 0:
		return nil
	case size+rowSize > limit:
		return failure{tooLarge, fmt.Sprintf("the message is too large, at most %d bytes fit", limit)}
	case c.options.RateLimit > 0 && !m.bytes.take(time.Now(), float64(size), float64(limit)/2, float64(limit)):
		return failure{rateLimited, "too much at once, slow down"}
	}
	return nil
}

// text reads the message's text. What the room is told is what the database gets: `text` and the
// key that the client used are written anew from the same string.
func (c *Chat) text(fields *object) (string, answer) {
	missing := failure{badRequest, "a message needs a text, in one of " + strings.Join(c.columns.texts, ", ")}
	for _, key := range c.columns.texts {
		value := fields.get(key)
		if value == nil || isNull(value) {
			continue
		}
		text, ok := unquote(value)
		if !ok { // another key may have it
			missing.Text = "the " + key + " of a message must be a string"
			continue
		}
		if strings.TrimSpace(text) == "" {
			return "", failure{badRequest, "the message is empty"}
		}
		if c.options.MaxText > 0 && len(text) > c.options.MaxText {
			return "", failure{tooLarge, fmt.Sprintf("the text is too long, at most %d bytes fit", c.options.MaxText)}
		}
		fields.setText(quote(text))
		return text, nil
	}
	return "", missing
}

var notJoined = failure{notInRoom, "join the room before you send to it"}

var privateRoom = failure{forbidden, "this room is private to another connection"}

// destination is the room that a message names, or the only one that the sender is in.
func (c *Chat) destination(s *socketio.Socket, fields *object) (string, answer) {
	if !fields.namesRoom(c.columns.rooms) {
		if rooms := s.Rooms(); len(rooms) == 1 {
			return rooms[0], nil
		}
		return "", badRoom
	}
	room, ok := fields.room(c.columns.rooms)
	switch {
	case !ok:
		return "", badRoom
	case !c.options.OpenRooms && !s.In(room):
		return "", notJoined
	case room != s.ID() && c.namespace.Private(room):
		return "", privateRoom
	}
	fields.setRoom(room, c.columns.rooms)
	return room, nil
}

// setText puts the text wherever a client may look for it: no key says what is not stored.
func (o *object) setText(text json.RawMessage) {
	for _, key := range textKeys {
		if v := o.get(key); len(v) > 0 && v[0] == '"' {
			o.set(key, text)
		}
	}
	o.set("text", text)
}

// rowSize is more than what putRow adds: ids, names and a time.
const rowSize = 2048

// putRow lays the stored row over the client's own fields.
func (o *object) putRow(row message.Stored, by *person) {
	o.set("id", row.ID)
	o.set("userId", row.User)
	o.set("roomId", row.Room)
	o.set("createdAt", quote(isoTime(row.CreatedAt)))
	o.set("user", object{{"username", by.nameJSON}}.encode())
}

// keepRow gives a message that the app has stored by itself the id and time that its client knows of.
func (o *object) keepRow(said object) {
	for _, f := range said {
		if v, ok := scalar(f.value); ok && v != "" {
			o.set(f.key, f.value)
		}
	}
}

// isoTime is JavaScript's Date.toISOString.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func refused(err error) answer {
	if errors.Is(err, message.ErrRejected) {
		return failure{badRequest, "the database refused the message; does the room exist?"}
	}
	return failure{unavailable, "the message could not be stored, try again"}
}
