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

// BadRoom answers what names no room.
var BadRoom = Failure{Code: BadRequest,
	Text: "the room must be a string, a number, or an object with one of " + strings.Join(roomKeys, ", ")}

// RoomOf reads a room in any of its forms: a string, a number, or an object that names it. False means that it
// is none of these, empty or longer than MaxRoom.
func (k *Keys) RoomOf(payload json.RawMessage) (room string, ok bool) {
	if room, ok = rawjson.Scalar(payload); ok {
		return room, fitsRoom(room)
	}
	o, ok := ParseObject(payload)
	if !ok {
		return "", false
	}
	return k.Room(o)
}

// Room reads the room that an object names. Where several keys name one, the most usual key counts, and of its
// spellings that of roomKeys. False is as in RoomOf.
func (k *Keys) Room(o Object) (room string, ok bool) {
	best := 2 * len(k.rooms)
	for _, f := range o {
		rank, known := k.rooms.of(f.Key)
		rank *= 2
		if !slices.Contains(roomKeys, f.Key) {
			rank++
		}
		if known && rank < best {
			if name, is := rawjson.Scalar(f.Value); is {
				best, room = rank, name
			}
		}
	}
	return room, fitsRoom(room)
}

func fitsRoom(room string) bool { return room != "" && len(room) <= MaxRoom }

// NamesRoom tells whether an object names a room, in whatever form, also in one that Room does not read.
func (k *Keys) NamesRoom(o Object) bool {
	return slices.ContainsFunc(o, func(f Field) bool {
		_, known := k.rooms.of(f.Key)
		return known && !rawjson.IsNull(f.Value)
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
