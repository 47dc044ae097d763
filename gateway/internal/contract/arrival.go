package contract

import (
	"encoding/json"
	"regexp"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// handshakePlace stands for what a client says as it connects: a key of `auth`, or a parameter of the query.
var handshakePlace = regexp.MustCompile(`\$(auth|query)\.([A-Za-z0-9_]+)`)

// HasArrivalPlace tells whether a room's name depends on what clients say as they connect.
func HasArrivalPlace(room string) bool { return handshakePlace.MatchString(room) }

// ArrivalRoom returns the room that a client names as it connects, by a name with places for what it says. It is empty where the client does
// not say all of it. The refusal is of what can't be the name of a room.
func ArrivalRoom(name string, auth json.RawMessage, query func(key string) string) (room string, refusal Answer) {
	fields, _ := ParseObject(auth)
	whole := true
	room = handshakePlace.ReplaceAllStringFunc(name, func(place string) string {
		parts := handshakePlace.FindStringSubmatch(place)
		said := query(parts[2])
		if parts[1] == "auth" {
			said, _ = rawjson.Scalar(fields.Get(parts[2]))
		}
		whole = whole && said != ""
		return said
	})
	switch {
	case !whole:
		return "", nil
	case !IsRoom(room):
		return "", BadRoom
	}
	return room, nil
}
