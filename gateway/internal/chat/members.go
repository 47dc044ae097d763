package chat

import (
	"encoding/json"
	"strconv"
)

// memberList is who is in a room at one moment, unique by user, by arrival.
type memberList struct {
	people  []*person // as many as are listed
	count   int       // how many there are
	sockets int
}

// array returns the list as [{userId, username}], as long as the options allow.
func (c *Chat) array(l memberList) json.RawMessage {
	size, fit := len("[]"), 0
	for _, p := range l.people {
		size += len(p.idJSON) + len(p.nameJSON) + len(`,{"userId":,"username":}`)
		if c.options.MaxEvent > 0 && size > c.options.MaxEvent {
			break
		}
		fit++
	}
	b := append(make([]byte, 0, size), '[')
	for i, p := range l.people[:fit] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"userId":`...)
		b = append(b, p.idJSON...)
		b = append(b, `,"username":`...)
		b = append(b, p.nameJSON...)
		b = append(b, '}')
	}
	return append(b, ']')
}

// shaped returns the list in the form that the app wants.
func (c *Chat) shaped(l memberList, room string) json.RawMessage {
	if c.options.MembersShape == ShapeArray {
		return c.array(l)
	}
	o := object{{"roomId", quote(room)}, {"count", json.RawMessage(strconv.Itoa(l.count))}}
	if c.options.MembersShape == ShapeObject {
		o.set("members", c.array(l))
	}
	return o.encode()
}
