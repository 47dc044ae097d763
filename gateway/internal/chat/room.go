package chat

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// maxRoom is the most bytes of a room's name; ids of every kind are far shorter.
const maxRoom = 256

// roomKeys are where the surveyed apps put the room, most usual first.
var roomKeys = []string{"roomId", "room", "conversationId", "chatId", "channelId"}

// roomRanks are the places of roomKeys in their order.
var roomRanks = func() keys[int] {
	k := make(keys[int])
	for rank, key := range roomKeys {
		k[strings.ToLower(key)] = rank
	}
	return k
}()

// rooms are roomRanks and, behind them, what the app's own table calls the room: a message that names its room there
// must not be told in another.
func (c Columns) rooms() keys[int] {
	k := maps.Clone(roomRanks)
	if name := strings.Join(words(c.Room), ""); name != "" {
		if _, known := k[name]; !known {
			k[name] = len(k)
		}
	}
	return k
}

var badRoom = failure{badRequest,
	"the room must be a string, a number, or an object with one of " + strings.Join(roomKeys, ", ")}

// roomOf reads a room in any of its forms.
func (c *Chat) roomOf(payload json.RawMessage) (room string, ok bool) {
	if room, ok = scalar(payload); ok {
		return room, room != "" && len(room) <= maxRoom
	}
	fields, ok := parseObject(payload)
	if !ok {
		return "", false
	}
	return fields.room(c.columns.rooms)
}

// room reads the room that an object names. Of one name in two spellings that of roomKeys counts.
func (o object) room(by keys[int]) (room string, ok bool) {
	best := 2 * len(by)
	for _, f := range o {
		rank, known := by.of(f.key)
		rank *= 2
		if !slices.Contains(roomKeys, f.key) {
			rank++
		}
		if known && rank < best {
			if name, is := scalar(f.value); is {
				best, room = rank, name
			}
		}
	}
	return room, room != "" && len(room) <= maxRoom
}

// namesRoom tells whether an object names a room, in whatever form.
func (o object) namesRoom(by keys[int]) bool {
	return slices.ContainsFunc(o, func(f field) bool {
		_, known := by.of(f.key)
		return known && !isNull(f.value)
	})
}

// setRoom has every key that names another room name the one that is meant. A list counts as a name, since
// JavaScript takes ["a"] for "a"; objects are content.
func (o object) setRoom(room string, by keys[int]) {
	for i, f := range o {
		if _, known := by.of(f.key); !known || isNull(f.value) || f.value[0] == '{' {
			continue
		}
		if name, ok := scalar(f.value); !ok || name != room {
			o[i].value = quote(room)
		}
	}
}

func isNull(v json.RawMessage) bool { return string(v) == "null" }

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
