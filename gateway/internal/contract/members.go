package contract

import (
	"encoding/json"
	"strconv"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Shape is the form of the member list that rooms are told.
type Shape string

const (
	ShapeArray  Shape = "array"  // [{userId, username}]
	ShapeObject Shape = "object" // {roomId, count, members: [{userId, username}]}
	ShapeCount  Shape = "count"  // {roomId, count}
)

// Members are who is in a room at one moment, unique by user, by arrival.
type Members struct {
	People []*Person // as many as are listed
	Count  int       // how many there are
}

// Array returns the members as [{userId, username}], as many as fit into limit bytes. 0 means no limit.
func (m Members) Array(limit int) json.RawMessage {
	size, fit := len("[]"), 0
	for _, p := range m.People {
		size += len(p.IDJSON) + len(p.NameJSON) + len(`,{"userId":,"username":}`)
		if limit > 0 && size > limit {
			break
		}
		fit++
	}
	b := append(make([]byte, 0, size), '[')
	for i, p := range m.People[:fit] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"userId":`...)
		b = append(b, p.IDJSON...)
		b = append(b, `,"username":`...)
		b = append(b, p.NameJSON...)
		b = append(b, '}')
	}
	return append(b, ']')
}

// Filled returns the members of a room by a template of $members, $ids, $count and $room. The limit is that of Array.
func (m Members) Filled(t *Template, room string, limit int) json.RawMessage {
	if limit > 0 {
		limit = max(1, (limit-t.fixed)/max(1, t.weight))
	}
	values := Object{{"room", rawjson.Quote(room)}, {"count", json.RawMessage(strconv.Itoa(m.Count))}}
	if t.has("members") {
		values.Set("members", m.Array(limit))
	}
	if t.has("ids") {
		values.Set("ids", m.ids(limit))
	}
	return t.fill(values)
}

// ids returns the members as [userId]. The limit is that of Array.
func (m Members) ids(limit int) json.RawMessage {
	b := []byte{'['}
	for i, p := range m.People {
		if limit > 0 && len(b)+len(p.IDJSON)+len(",]") > limit {
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p.IDJSON...)
	}
	return append(b, ']')
}

// Shaped returns the members of a room in the form that the app wants. The limit is that of Array.
func (m Members) Shaped(shape Shape, room string, limit int) json.RawMessage {
	if shape == ShapeArray {
		return m.Array(limit)
	}
	o := Object{{"roomId", rawjson.Quote(room)}, {"count", json.RawMessage(strconv.Itoa(m.Count))}}
	if shape == ShapeObject {
		o.Set("members", m.Array(limit))
	}
	return o.Encode()
}
