package chat

import (
	"maps"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Columns are the names that the app's own table has for the parts of a message. Clients of an app that
// tells its rooms the row look there, so each part is told under its column's name too. Empty is none.
type Columns struct{ ID, Text, User, Room, CreatedAt string }

// columnKeys are the keys of Columns that are not told in any case.
type columnKeys struct {
	id, text, user, room, createdAt []string

	texts []string  // where a client's text may be
	rooms keys[int] // where it names the room

	speaker  string      // the relation beside the user's column: sender, beside senderId
	speakers keys[claim] // with those of the relation: nobody else's profile stands beside profileId
}

func (c Columns) keys() columnKeys {
	k := columnKeys{id: keysOf(c.ID), text: keysOf(c.Text), user: keysOf(c.User), room: keysOf(c.Room), createdAt: keysOf(c.CreatedAt),
		rooms: c.rooms(), speakers: maps.Clone(speakers)}
	k.texts = slices.Concat(textKeys, k.text)
	for _, key := range k.user {
		if relation, ok := strings.CutSuffix(key, "Id"); ok && !usual(relation) {
			k.speaker = relation
			maps.Copy(k.speakers, claims(strings.ToLower(relation)))
		}
	}
	return k
}

// keysOf are a column's name, and what Prisma's models call it usually: sender_id is senderId there.
func keysOf(column string) []string {
	names := slices.Compact([]string{column, camel(words(column))})
	return slices.DeleteFunc(names, usual)
}

// usual tells whether putRow has a meaning for a key.
func usual(key string) bool {
	return key == "" || slices.Contains([]string{"id", "text", "userId", "roomId", "createdAt", "user"}, key)
}

// draft puts in what will be told of a message once it is stored.
func (k columnKeys) draft(o *object, by *person, room string) {
	for _, key := range k.text {
		o.set(key, o.get("text"))
	}
	k.putRefs(o, message.Stored{User: by.idJSON, Room: quote(room)})
	if k.speaker != "" && o.get(k.speaker) == nil { // a client that says who it is reads what it says
		o.set(k.speaker, by.whole())
	}
}

// put puts in what the row has.
func (k columnKeys) put(o *object, row message.Stored) {
	k.putRefs(o, row)
	for _, key := range k.id {
		o.set(key, row.ID)
	}
	for _, key := range k.createdAt {
		o.set(key, quote(isoTime(row.CreatedAt)))
	}
}

func (k columnKeys) putRefs(o *object, row message.Stored) {
	for _, key := range k.user {
		o.set(key, row.User)
	}
	for _, key := range k.room {
		o.set(key, row.Room)
	}
}
