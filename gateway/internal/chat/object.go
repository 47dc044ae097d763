package chat

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// object is a JSON object with its keys in order, so that what a client sends comes out as it went
// in. A key occurs once.
type object []field

type field struct {
	key   string
	value json.RawMessage
}

// maxFields is how many keys an object may have. A search is a walk over them, so without a bound a
// megabyte of keys would cost minutes.
const maxFields = 256

// parseObject reads a JSON object of at most maxFields keys from what is known to be valid JSON. Of a
// repeated key the last value counts, as in JavaScript; "__proto__" is left out, since in a careless
// client it would be more than a key.
func parseObject(data json.RawMessage) (object, bool) {
	if len(data) == 0 || data[0] != '{' {
		return nil, false
	}
	o := make(object, 0, 12) // what most messages have, and what is added to them
	key, isKey, parts := "", true, 0
	for part := range rawjson.Elements(data) {
		if isKey {
			if key, isKey = scalar(part); !isKey {
				return nil, false
			}
		} else if key != "__proto__" {
			o.set(key, part)
		}
		if parts++; parts > 2*maxFields {
			return nil, false
		}
		isKey = !isKey
	}
	return o, true
}

// get returns the value of a key, or nil.
func (o object) get(key string) json.RawMessage {
	for _, f := range o {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// set replaces a key's value where it is, or adds it at the end.
func (o *object) set(key string, value json.RawMessage) {
	i := slices.IndexFunc(*o, func(f field) bool { return f.key == key })
	if i < 0 {
		*o = append(*o, field{key, value})
		return
	}
	(*o)[i].value = value
}

// size is about how many bytes encode returns.
func (o object) size() int {
	n := 0
	for _, f := range o {
		n += len(f.key) + len(f.value) + len(`"":,`)
	}
	return n
}

// encode returns the object as JSON.
func (o object) encode() json.RawMessage {
	b := append(make([]byte, 0, o.size()+len("{}")), '{')
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = rawjson.AppendString(b, f.key)
		b = append(b, ':')
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// quote returns text as a JSON string.
func quote(text string) json.RawMessage { return rawjson.AppendString(nil, text) }

// unquote returns the text of a JSON string; false means that the value is none.
func unquote(v json.RawMessage) (text string, ok bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 { // it is valid JSON already: nothing else would need care
		return string(v[1 : len(v)-1]), true
	}
	return text, json.Unmarshal(v, &text) == nil
}
