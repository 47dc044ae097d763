package chat

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxRoom is the most bytes of a room's name; ids of every kind are far shorter.
const maxRoom = 256

// roomKeys are where the surveyed apps put the room, most usual first.
var roomKeys = []string{"roomId", "room", "conversationId", "chatId", "channelId"}

var badRoom = failure{badRequest,
	"the room must be a string, a number, or an object with one of " + strings.Join(roomKeys, ", ")}

// roomOf reads a room in any of its forms.
func roomOf(payload json.RawMessage) (room string, ok bool) {
	if room, ok = scalar(payload); ok {
		return room, room != "" && len(room) <= maxRoom
	}
	fields, ok := parseObject(payload)
	if !ok {
		return "", false
	}
	return fields.room()
}

// room reads the room that an object names.
func (o object) room() (room string, ok bool) {
	for _, key := range roomKeys {
		if room, ok = scalar(o.get(key)); ok {
			return room, room != "" && len(room) <= maxRoom
		}
	}
	return "", false
}

// names tells whether an object names a room, in whatever form.
func (o object) namesRoom() bool {
	for _, key := range roomKeys {
		if v := o.get(key); v != nil && !bytes.Equal(v, []byte("null")) {
			return true
		}
	}
	return false
}

// scalar returns a JSON string's text, or a number as it is written: room 5 and room "5" are one.
func scalar(v json.RawMessage) (text string, ok bool) {
	switch {
	case len(v) == 0:
		return "", false
	case v[0] == '"':
		return unquote(v)
	case v[0] == '-' || v[0] >= '0' && v[0] <= '9':
		return string(v), true
	}
	return "", false
}
