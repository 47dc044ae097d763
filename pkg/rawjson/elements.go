package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Elements yields the elements of a JSON array, or the keys and values of an object by turns. Data is
// known to be valid JSON, such as an argument of an event, and to be one of the two; what is yielded
// are parts of it.
func Elements(data json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		data := bytes.TrimSpace(data)
		data = data[1 : len(data)-1]
		depth, start, quoted := 0, 0, false
		for i := 0; i < len(data); i++ {
			switch c := data[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '[' || c == '{':
				depth++
			case c == ']' || c == '}':
				depth--
			case (c == ',' || c == ':') && depth == 0:
				if !yield(bytes.TrimSpace(data[start:i])) {
					return
				}
				start = i + 1
			}
		}
		if last := bytes.TrimSpace(data[start:]); len(last) > 0 {
			yield(last)
		}
	}
}
