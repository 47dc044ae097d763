package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Columns are the names that the app's own table has for the parts of a message. Clients of an app that
// tells its rooms the row look there, so each part is told under its column's name too. Empty is none. With a
// Receiver, messages may go to one person instead of a room.
type Columns struct {
	ID, Text, User, Room, Receiver, CreatedAt string
	// Others are those of message.Stored.Others.
	Others []string
	// Filled are those of them that clients fill.
	Filled []Filled
	// NoText: a message without a text has null for one, where it is the empty text otherwise.
	NoText bool
}

// Keys are the keys by which the clients of one app say a text, a room and a speaker: those of the surveyed
// apps, and those that the app's own columns add. They do not change once they are made.
type Keys struct {
	texts    []string        // where a client's text may be, in the order of preference
	rooms    meanings[int]   // where it names the room, by rank
	nested   meanings[int]   // where an object is the room
	receives meanings[int]   // where it names the receiver, by rank; none where nobody is written to
	speakers meanings[claim] // with those of the relation: nobody else's profile stands beside profileId
	own      ownFields       // what else a room is told
	filled   []Filled        // what clients say for further columns
	fills    meanings[int]   // where they do, by place in filled
	noText   json.RawMessage // of a message without one

	relation string              // beside the user's column: sender, beside senderId
	aliases  []alias             // under which the row is told as well
	others   map[string][]string // where each further column is told
}

// alias is another key for what stands under a usual one.
type alias struct{ key, usual string }

// NewKeys returns the keys of an app whose table has these columns. Of the client's own fields its rooms are told those
// named, in any spelling: see AllFields, which none means, and NoFields.
func NewKeys(c Columns, own ...string) *Keys {
	k := &Keys{texts: slices.Clone(textKeys), rooms: roomsWith(c.Room), receives: receiversWith(c.Receiver), speakers: maps.Clone(speakers), own: newOwnFields(own), others: c.others()}
	k.fill(c)
	k.nested = nestedRooms(k.rooms)
	for _, part := range []alias{{c.Text, "text"}, {c.User, "userId"}, {c.Room, "roomId"}, {c.Receiver, "receiverId"}, {c.ID, "id"}, {c.CreatedAt, "createdAt"}} {
		for _, key := range unusual(part.key) {
			k.aliases = append(k.aliases, alias{key, part.usual})
			switch part.usual {
			case "text":
				k.texts = append(k.texts, key)
			case "userId":
				k.relate(key)
			}
		}
	}
	return k
}

// relate has the relation of a user's column tell who speaks.
func (k *Keys) relate(column string) {
	if relation, ok := strings.CutSuffix(column, "Id"); ok && !usual(relation) {
		k.relation = relation
		maps.Copy(k.speakers, claims(Fold(relation)))
	}
}

// unusual returns a column's name, and what Prisma's models call it usually (sender_id is senderId there), as far as
// the row is not told under it anyway.
func unusual(column string) []string {
	names := slices.Compact([]string{column, camel(Words(column))})
	return slices.DeleteFunc(names, usual)
}

// usual tells whether PutRow has a meaning for a key.
func usual(key string) bool {
	return key == "" || slices.Contains([]string{"id", "text", "userId", "roomId", "receiverId", "createdAt", "user"}, key)
}

// ReserveRow adds what the row will be told as under the app's own column names, so that the size of a
// message is known before it is stored. Text must have been called before. Either room or receiver is empty.
func (k *Keys) ReserveRow(o *Object, by *Person, room, receiver string) {
	if len(k.aliases) == 0 {
		return
	}
	row := Object{{"text", o.Get("text")}, {"userId", by.IDJSON}}
	if room != "" {
		row = append(row, Field{"roomId", rawjson.Quote(room)})
	}
	if receiver != "" {
		row = append(row, Field{"receiverId", rawjson.Quote(receiver)})
	}
	k.putAliases(o, row)
	if k.relation != "" && o.Get(k.relation) == nil { // a client that says who it is reads what it says
		o.Set(k.relation, by.Whole())
	}
}

// putAliases copies what stands under the usual keys of an object.
func (k *Keys) putAliases(o *Object, from Object) {
	for _, a := range k.aliases {
		if v := from.Get(a.usual); v != nil {
			o.Set(a.key, v)
		}
	}
}
