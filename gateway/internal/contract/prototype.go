package contract

import (
	"bytes"
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// mayNamePrototype finds, cheaply, what might hold a key that isPrototype means: by its letters, or by escapes of printable
// characters, which JSON.stringify never writes.
func mayNamePrototype(data json.RawMessage) bool {
	if bytes.Contains(data, []byte("__proto__")) || bytes.Contains(data, []byte("constructor")) {
		return true
	}
	const escape = `\u00`
	for {
		at := bytes.Index(data, []byte(escape))
		if at < 0 {
			return false
		}
		data = data[at+len(escape):]
		if len(data) > 0 && '2' <= data[0] && data[0] <= '7' {
			return true
		}
	}
}

// isPrototype tells keys by which a careless client that copies an object changes the prototype of every other: __proto__,
// and a constructor that is an object.
func isPrototype(key string, value json.RawMessage) bool {
	return key == "__proto__" || key == "constructor" && len(value) > 0 && value[0] == '{'
}

// withoutPrototypes leaves out, at any depth, the fields that isPrototype means. All else stays byte for byte. It reads valid
// JSON once, however deep it is.
func withoutPrototypes(data json.RawMessage) json.RawMessage {
	if !mayNamePrototype(data) {
		return data
	}
	var (
		out   = make(json.RawMessage, 0, len(data))
		open  []nesting
		isKey bool // the next string is one
	)
	for i := 0; i < len(data); {
		switch c := data[i]; c {
		case '{', '[':
			open = append(open, nesting{object: c == '{'})
			isKey = c == '{'
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			if isKey = open[len(open)-1].object; isKey {
				i++
				continue // it is written before the next field that stays
			}
		case '"':
			end := i + valueLength(data[i:])
			if isKey {
				isKey = false
				value := end + bytes.IndexByte(data[end:], ':') + 1
				value += len(data[value:]) - len(bytes.TrimLeft(data[value:], " \t\r\n"))
				if key, _ := rawjson.Unquote(data[i:end]); isPrototype(key, data[value:]) {
					i = value + valueLength(data[value:])
					continue
				}
				if inner := &open[len(open)-1]; inner.fields {
					out = append(out, ',')
				} else {
					inner.fields = true
				}
			}
			out = append(out, data[i:end]...)
			i = end
			continue
		}
		out = append(out, data[i])
		i++
	}
	return out
}

// nesting is an array or object that is not closed yet.
type nesting struct {
	object bool
	fields bool // one at least has been written
}

// valueLength is how many bytes the value has that valid JSON begins with.
func valueLength(data []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 { // the end of what holds a number or a word
				return i
			}
		case c == ',' && depth == 0:
			return i
		}
	}
	return len(data)
}
