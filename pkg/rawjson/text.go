package rawjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// AppendString appends text to b as a JSON string, escaped only where JavaScript's JSON.stringify
// would, but for U+2028 and U+2029. What is not UTF-8 becomes U+FFFD.
func AppendString[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	start := 0 // of what is not appended yet
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		c, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
		broken := c == utf8.RuneError && size == 1
		if c >= utf8.RuneSelf && !broken && c != '\u2028' && c != '\u2029' {
			i += size
			continue
		}
		b = appendEscaped(append(b, text[start:i]...), c)
		i += size
		start = i
	}
	return append(append(b, text[start:]...), '"')
}

func appendEscaped(b []byte, c rune) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', byte(c))
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', hex[c>>12&0xf], hex[c>>8&0xf], hex[c>>4&0xf], hex[c&0xf])
}

// Quote returns text as a JSON string, as AppendString writes it.
func Quote(text string) json.RawMessage {
	return AppendString(make([]byte, 0, len(text)+len(`""`)), text)
}

// Unquote returns the text of a JSON string; false means that the value is none. Lone halves of
// surrogates become U+FFFD.
func Unquote(v json.RawMessage) (text string, ok bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 { // it is valid JSON already: nothing else would need care
		return string(v[1 : len(v)-1]), true
	}
	return text, json.Unmarshal(v, &text) == nil
}

// Scalar returns a JSON string's text, or a number as it is written: room 5 and room "5" are one. False
// means that the value is neither.
func Scalar(v json.RawMessage) (text string, ok bool) {
	switch {
	case len(v) == 0:
		return "", false
	case v[0] == '"':
		return Unquote(v)
	case v[0] == '-' || v[0] >= '0' && v[0] <= '9':
		return string(v), true
	}
	return "", false
}

// IsNull tells whether a value is null.
func IsNull(v json.RawMessage) bool { return string(v) == "null" }
