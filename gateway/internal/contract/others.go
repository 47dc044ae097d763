package contract

import (
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// others are the keys under which each further column of the app's table is told: its own name, and what Prisma's models
// call it usually. The parts of a message have the first claim on a key, then the columns by their own names.
func (c Columns) others() map[string][]string {
	taken := []string{"__proto__"}
	for _, column := range []string{c.Text, c.User, c.Room, c.Receiver, c.ID, c.CreatedAt} {
		taken = append(taken, unusual(column)...)
	}
	keys := make(map[string][]string, len(c.Others))
	add := func(column, key string) {
		if !usual(key) && !slices.Contains(taken, key) {
			keys[column], taken = append(keys[column], key), append(taken, key)
		}
	}
	for _, column := range c.Others {
		add(column, column)
	}
	for _, column := range c.Others {
		add(column, camel(Words(column)))
	}
	for _, f := range c.Filled {
		if slices.Contains(c.Others, f.Column) {
			add(f.Column, f.Key)
		}
	}
	return keys
}

// putOthers tells what else the row holds, in the place of what its client says under the same keys. It leaves alone what
// speaks of the text, the room or the speaker already: that is what was verified.
func (k *Keys) putOthers(o *Object, row message.Stored) {
	for _, f := range row.Others {
		for _, key := range k.others[f.Column] {
			if v := o.Get(key); v == nil || !k.verified(key, v) {
				o.Set(key, f.Value)
			}
		}
	}
}

// verified tells whether a key says what was written there in place of a client's claim.
func (k *Keys) verified(key string, value []byte) bool {
	_, speaks := k.speakers.of(key)
	_, places := k.rooms.of(key)
	return speaks || places || value[0] == '"' && slices.Contains(k.texts, key)
}

// RowSize is more bytes than PutRow adds.
func (k *Keys) RowSize() int {
	size, most := RowSize, 0
	for _, keys := range k.others {
		most = max(most, len(keys))
		for _, key := range keys {
			size += Object{{Key: key}}.Size()
		}
	}
	return size + most*message.MaxOthers
}
