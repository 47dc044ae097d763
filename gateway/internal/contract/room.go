package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// MaxRoom is the most bytes of a room's name; ids of every kind are far shorter.
const MaxRoom = 256

// roomKeys are where the surveyed apps put the room, most usual first.
var roomKeys = []string{"roomId", "room", "conversationId", "chatId", "channelId"}

// roomRanks are the places of roomKeys in their order.
var roomRanks = func() meanings[int] {
	k := make(meanings[int])
	for rank, key := range roomKeys {
		k[Fold(key)] = rank
	}
	return k
}()

// roomsWith are roomRanks and, behind them, what the app's own table calls the room: a message that names its room
// there must not be told in another.
func roomsWith(column string) meanings[int] {
	k := maps.Clone(roomRanks)
	if name := Fold(column); name != "" {
		if _, known := k[name]; !known {
			k[name] = len(k)
		}
	}
	return k
}

// nestedRooms are keys of objects that hold a room's id ({room: {id}}, {chat: {_id}}): those of the rooms' ids without Id.
func nestedRooms(rooms meanings[int]) meanings[int] {
	k := make(meanings[int])
	for key, rank := range rooms {
		k[strings.TrimSuffix(key, "id")] = rank
	}
	return k
}

// idKeys are where an object has its own id.
var idKeys = []string{"id", "_id"}

// idOf returns the id of an object, and of a string or a number itself. False means that it has none.
func idOf(value json.RawMessage) (id string, ok bool) {
	if id, ok = rawjson.Scalar(value); ok {
		return id, true
	}
	o, _ := ParseObject(value)
	for _, key := range idKeys {
		if id, ok = rawjson.Scalar(o.Get(key)); ok {
			return id, true
		}
	}
	return "", false
}

// BadRoom answers what names no room.
var BadRoom = Failure{Code: BadRequest,
	Text: "the room must be a string, a number, or an object with one of " + strings.Join(roomKeys, ", ")}

// RoomOf reads a room in any of its forms: a string, a number, or an object that names it. False means that it
// is none of these, empty or longer than MaxRoom.
func (k *Keys) RoomOf(payload json.RawMessage) (room string, ok bool) {
	if room, ok = rawjson.Scalar(payload); ok {
		return room, IsRoom(room)
	}
	o, ok := ParseObject(payload)
	if !ok {
		return "", false
	}
	return k.Room(o)
}

// Room reads the room that an object names. Where several keys name one, the most usual key counts, of its
// spellings that of roomKeys, and an object that has the room's id last. False is as in RoomOf.
func (k *Keys) Room(o Object) (room string, ok bool) {
	best := noRoom
	for _, f := range o {
		if rank := k.roomRank(f); rank < best {
			if name, is := idOf(f.Value); is {
				best, room = rank, name
			}
		}
	}
	return room, IsRoom(room)
}

// noRoom is behind every rank.
const noRoom = 1 << 10

// roomRank returns the place of a field among those that may name the room, or noRoom.
func (k *Keys) roomRank(f Field) int {
	nested := len(f.Value) > 0 && f.Value[0] == '{'
	if nested {
		if rank, known := k.nested.of(f.Key); known {
			return noRoom/2 + rank
		}
	}
	rank, known := k.rooms.of(f.Key)
	switch {
	case !known:
		return noRoom
	case slices.Contains(roomKeys, f.Key):
		return 2 * rank
	}
	return 2*rank + 1
}

// IsRoom tells whether a name may be a room's, or a user's or a socket's id: not empty, of at most MaxRoom bytes, and none of the gateway's own, which no
// client may name.
func IsRoom(name string) bool { return name != "" && len(name) <= MaxRoom && !IsInternal(name) }

// NamesRoom tells whether an object names a room, in whatever form, also in one that Room does not read.
func (k *Keys) NamesRoom(o Object) bool {
	return slices.ContainsFunc(o, func(f Field) bool {
		return k.roomRank(f) < noRoom && !rawjson.IsNull(f.Value)
	})
}

// SetRoom makes every key that names another room name the one that is meant. A list counts as a name, since
// JavaScript takes ["a"] for "a"; objects are content.
func (k *Keys) SetRoom(o Object, room string) {
	for i, f := range o {
		if _, known := k.rooms.of(f.Key); !known || rawjson.IsNull(f.Value) || f.Value[0] == '{' {
			continue
		}
		if name, ok := rawjson.Scalar(f.Value); !ok || name != room {
			o[i].Value = rawjson.Quote(room)
		}
	}
}
