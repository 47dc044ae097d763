package contract

import (
	"encoding/json"
	"slices"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Object is a JSON object with its keys in order, so that what a client sends comes out as it went
// in. A key occurs once.
type Object []Field

// Field is one key of an object with its value, which is valid JSON.
type Field struct {
	Key   string
	Value json.RawMessage
}

// maxFields is how many keys an object may have. A search is a walk over them, so without a bound a
// megabyte of keys would cost minutes.
const maxFields = 256

// usualFields is how many fields an object has room for at first: those of most messages, and what is added to them.
const usualFields = 12

// ParseObject reads a JSON object of at most 256 keys from what is known to be valid JSON; false means that
// data is none. Of a repeated key the last value counts, as in JavaScript. What could change the prototypes of a
// careless client is left out at any depth. The object keeps parts of data.
func ParseObject(data json.RawMessage) (Object, bool) {
	if len(data) == 0 || data[0] != '{' {
		return nil, false
	}
	data = withoutPrototypes(data)
	o := make(Object, 0, usualFields)
	key, isKey, parts := "", true, 0
	for part := range rawjson.Elements(data) {
		if isKey {
			if key, isKey = rawjson.Unquote(part); !isKey {
				return nil, false
			}
		} else {
			o.Set(key, part)
		}
		if parts++; parts > 2*maxFields {
			return nil, false
		}
		isKey = !isKey
	}
	return o, true
}

// Get returns the value of a key, or nil.
func (o Object) Get(key string) json.RawMessage {
	for _, f := range o {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// Set replaces a key's value where it is, or adds it at the end.
func (o *Object) Set(key string, value json.RawMessage) {
	i := slices.IndexFunc(*o, func(f Field) bool { return f.Key == key })
	if i < 0 {
		*o = append(*o, Field{key, value})
		return
	}
	(*o)[i].Value = value
}

// Size is about how many bytes Encode returns.
func (o Object) Size() int {
	n := 0
	for _, f := range o {
		n += len(f.Key) + len(f.Value) + len(`"":,`)
	}
	return n
}

// Encode returns the object as JSON.
func (o Object) Encode() json.RawMessage {
	b := append(make([]byte, 0, o.Size()+len("{}")), '{')
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = rawjson.AppendString(b, f.Key)
		b = append(b, ':')
		b = append(b, f.Value...)
	}
	return append(b, '}')
}
