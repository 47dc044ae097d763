package chat

import (
	"maps"
	"slices"
	"strings"
)

// Columns are the names that the app's own table has for the parts of a message. Clients of an app that
// tells its rooms the row look there, so each part is told under its column's name too. Empty is none.
type Columns struct{ ID, Text, User, Room, CreatedAt string }

// columnKeys are what Columns add to what is read and told in any case.
type columnKeys struct {
	also []alias

	texts []string  // where a client's text may be
	rooms keys[int] // where it names the room

	speaker  string      // the relation beside the user's column: sender, beside senderId
	speakers keys[claim] // with those of the relation: nobody else's profile stands beside profileId
}

// alias is another key for what stands under a usual one.
type alias struct{ key, usual string }

func (c Columns) keys() columnKeys {
	k := columnKeys{texts: slices.Clone(textKeys), rooms: c.rooms(), speakers: maps.Clone(speakers)}
	for _, part := range []alias{{c.Text, "text"}, {c.User, "userId"}, {c.Room, "roomId"}, {c.ID, "id"}, {c.CreatedAt, "createdAt"}} {
		for _, key := range keysOf(part.key) {
			k.also = append(k.also, alias{key, part.usual})
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
func (k *columnKeys) relate(column string) {
	if relation, ok := strings.CutSuffix(column, "Id"); ok && !usual(relation) {
		k.speaker = relation
		maps.Copy(k.speakers, claims(strings.ToLower(relation)))
	}
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

// draft puts in what will be told of a message once it is stored, so that its size is known.
func (k columnKeys) draft(o *object, by *person, room string) {
	if len(k.also) == 0 {
		return
	}
	k.put(o, object{{"text", o.get("text")}, {"userId", by.idJSON}, {"roomId", quote(room)}})
	if k.speaker != "" && o.get(k.speaker) == nil { // a client that says who it is reads what it says
		o.set(k.speaker, by.whole())
	}
}

// put copies what stands under the usual keys of an object.
func (k columnKeys) put(o *object, from object) {
	for _, a := range k.also {
		if v := from.get(a.usual); v != nil {
			o.set(a.key, v)
		}
	}
}
