package contract

import (
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Again is a stored message as its room is told it, as far as the row says: the fields of its client's own are gone. Its client
// may have said the text in any key of a text, so that it is in each.
func (k *Keys) Again(row message.Kept, by *Person) Object {
	o := make(Object, 0, usualFields)
	text := rawjson.Quote(row.Text)
	if row.Text == "" {
		text = k.noText
	}
	for _, key := range textKeys {
		if !k.isColumn(key) {
			o.Set(key, text)
		}
	}
	o.Set("text", text)
	k.ReserveRow(&o, by, row.InRoom, row.ToReceiver)
	k.PutRow(&o, row.Stored, by)
	return o
}

// isColumn tells whether a further column of the table is told under a key.
func (k *Keys) isColumn(key string) bool {
	for _, keys := range k.others {
		if slices.Contains(keys, key) {
			return true
		}
	}
	return false
}
