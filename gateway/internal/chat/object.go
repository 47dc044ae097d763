package chat

import (
	"bytes"
	"encoding/json"
	"slices"
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

// parseObject reads a JSON object of at most maxFields keys. Of a repeated key the last value counts, as in JavaScript;
// "__proto__" is left out, since in a careless client it would be more than a key.
func parseObject(data json.RawMessage) (object, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	o := object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		if name := key.(string); name != "__proto__" {
			o.set(name, value)
		}
		if len(o) > maxFields {
			return nil, false
		}
	}
	_, err := d.Token()
	return o, err == nil
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
	b := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, quote(f.key)...)
		b = append(b, ':')
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// quote returns text as a JSON string, written as JavaScript would.
func quote(text string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(text) // a string can't fail
	return bytes.TrimRight(b.Bytes(), "\n")
}
