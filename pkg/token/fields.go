package token

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// fields are what a JSON object has, in its order. A token has few of them, and a dozen names are looked for: a map would cost
// more, and a struct would match names in any case. They are parts of the bytes that they were read from.
type fields []field

type field struct {
	name  []byte
	value json.RawMessage
}

// usualFields is how many fields need no second allocation.
const usualFields = 12

// readFields returns what json.Unmarshal would put into a map. False means that it is no object; null is one without fields.
func readFields(object []byte) (fields, bool) {
	if !json.Valid(object) {
		return nil, false
	}
	object = bytes.TrimSpace(object)
	switch {
	case string(object) == "null":
		return nil, true
	case object[0] != '{':
		return nil, false
	}
	all := make(fields, 0, usualFields)
	var name []byte
	for element := range rawjson.Elements(object) {
		if name == nil {
			name = element[1 : len(element)-1]
			if !isPlain(name) {
				var text string
				json.Unmarshal(element, &text) // a key is a valid string
				name = []byte(text)
			}
			continue
		}
		all, name = append(all, field{name, json.RawMessage(element)}), nil
	}
	return all, true
}

// get returns the value of a name, of several the last. Nil means that there is none.
func (f fields) get(name string) json.RawMessage {
	for _, field := range slices.Backward(f) {
		if string(field.name) == name {
			return field.value
		}
	}
	return nil
}

// unquote returns the text of a JSON string.
func unquote(value json.RawMessage) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; isPlain(inner) {
		return string(inner), true
	}
	return text, json.Unmarshal(value, &text) == nil
}

// isPlain tells whether what stands between quotation marks means itself.
func isPlain(inner []byte) bool {
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
