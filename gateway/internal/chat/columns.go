package chat

import (
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Columns are the names that the app's own table has for the parts of a message. Clients of an app that
// tells its rooms the row look there, so each part is told under its column's name too. Empty is none.
type Columns struct{ Text, User, Room string }

// columnKeys are the keys of Columns that are not told in any case.
type columnKeys struct {
	text, user, room []string
	speaker          string // the relation beside the user's column: sender, beside senderId
}

func (c Columns) keys() columnKeys {
	k := columnKeys{text: keysOf(c.Text), user: keysOf(c.User), room: keysOf(c.Room)}
	for _, key := range k.user {
		if relation, ok := strings.CutSuffix(key, "Id"); ok && !usual(relation) {
			k.speaker = relation
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
	k.put(o, message.Stored{User: by.idJSON, Room: quote(room)})
	if k.speaker != "" && o.get(k.speaker) == nil { // a client that says who it is reads what it says
		o.set(k.speaker, by.whole())
	}
}

// put puts in what the row has.
func (k columnKeys) put(o *object, row message.Stored) {
	for _, key := range k.user {
		o.set(key, row.User)
	}
	for _, key := range k.room {
		o.set(key, row.Room)
	}
}
