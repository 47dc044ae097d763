package contract

import (
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// RowSize is more bytes than PutRow adds of a row without others: ids, names and a time.
const RowSize = 2048

// PutRow lays the stored row over the client's own fields, under the usual keys and under those of the app's columns. A message
// to a person has a receiver and no room.
func (k *Keys) PutRow(o *Object, row message.Stored, by *Person) {
	o.Set("id", row.ID)
	o.Set("userId", row.User)
	if row.Room != nil {
		o.Set("roomId", row.Room)
	}
	if row.Receiver != nil {
		o.Set("receiverId", row.Receiver)
	}
	o.Set("createdAt", rawjson.Quote(isoTime(row.CreatedAt)))
	o.Set("user", Object{{"username", by.NameJSON}}.Encode())
	k.putOthers(o, row)
	k.putAliases(o, *o)
}

// isoTime is JavaScript's Date.toISOString.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// StoredByApp returns the id and the time that an app gave to a message which it stored by itself, as far as
// they are strings or numbers that say something.
func (o Object) StoredByApp() Object {
	var known Object
	for _, key := range []string{"id", "createdAt"} {
		value := o.Get(key)
		if text, ok := rawjson.Scalar(value); ok && text != "" {
			known = append(known, Field{key, value})
		}
	}
	return known
}

// SetAll sets each field of another object.
func (o *Object) SetAll(fields Object) {
	for _, f := range fields {
		o.Set(f.Key, f.Value)
	}
}
