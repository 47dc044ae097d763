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
	room, no := c.destination(s, fields)
	if no != nil {
		return no
	}
	fields.speak(m.person)
	if limit := c.options.MaxEvent; limit > 0 && fields.size()+rowSize > limit {
		return failure{tooLarge, fmt.Sprintf("the message is too large, at most %d bytes fit", limit)}
	}
	draft := message.Draft{Room: room, User: m.id, Username: m.name, Text: text}
	c.store.Save(draft, func(row message.Stored, err error) {
		if err != nil {
			r.answer(refused(err))
			return
		}
		fields.putRow(row, m.person)
		payload := fields.encode()
		c.namespace.To(room).Emit(c.options.MessageEvent, payload)
		r.answer(success{Message: payload})
	})
	return nil
}

// text reads the message's text. What the room is told is what the database gets: `text` and the
// key that the client used are written anew from the same string.
func (c *Chat) text(fields *object) (string, answer) {
	for _, key := range textKeys {
		value := fields.get(key)
		if value == nil {
			continue
		}
		var text string
		if value[0] != '"' || json.Unmarshal(value, &text) != nil {
			return "", failure{badRequest, "the " + key + " of a message must be a string"}
		}
		if strings.TrimSpace(text) == "" {
			return "", failure{badRequest, "the message is empty"}
		}
		if c.options.MaxText > 0 && len(text) > c.options.MaxText {
			return "", failure{tooLarge, fmt.Sprintf("the text is too long, at most %d bytes fit", c.options.MaxText)}
		}
		quoted := quote(text)
		fields.set(key, quoted)
		fields.set("text", quoted)
		return text, nil
	}
	return "", failure{badRequest, "a message needs a text, in one of " + strings.Join(textKeys, ", ")}
}

var privateRoom = failure{forbidden, "this room is private to another connection"}

// destination is the room that a message names, or the only one that the sender is in.
func (c *Chat) destination(s *socketio.Socket, fields object) (string, answer) {
	if !fields.namesRoom() {
		if rooms := s.Rooms(); len(rooms) == 1 {
			return rooms[0], nil
		}
		return "", badRoom
	}
	room, ok := fields.room()
	switch {
	case !ok:
		return "", badRoom
	case !c.options.OpenRooms && !s.In(room):
		return "", failure{notInRoom, "join the room before you send to it"}
	case room != s.ID() && c.namespace.Private(room):
		return "", privateRoom
	}
	return room, nil
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

// isoTime is JavaScript's Date.toISOString.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func refused(err error) answer {
	if errors.Is(err, message.ErrRejected) {
		return failure{badRequest, "the database refused the message; does the room exist?"}
	}
	return failure{unavailable, "the message could not be stored, try again"}
}
