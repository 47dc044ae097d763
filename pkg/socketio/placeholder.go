package socketio

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// placeholder is where an attachment stands in a packet's JSON.
type placeholder struct{ start, end, num int }

// placeholders returns the places of a packet's attachments, of which there are n, in the order of the text. It
// judges what receivers see after JSON.parse: in whatever way the key is written, an object whose `_placeholder` is
// true is an attachment to all of them, and one where it is another true value (1, "true") to those before 2022. Each
// must be a placeholder and nothing more, and name one of the n attachments (CVE-2022-2421) that no other one names:
// a megabyte of placeholders would otherwise become tens of gigabytes. A false value (0, null) is data to everybody.
//
// It reads the payload once, and relies on its being valid JSON.
func placeholders(payload []byte, n int) (found []placeholder, err error) {
	var objects []int // where those that are open begin
	used := make([]bool, n)
	for i := 0; i < len(payload); i++ {
		switch payload[i] {
		case '{':
			objects = append(objects, i)
		case '}':
			objects = objects[:len(objects)-1]
		case '"':
			end := i + quotedLength(payload[i:])
			value, isKey := valueOf(payload[end:])
			if !isKey || !isPlaceholderKey(payload[i:end]) || isFalse(value) {
				i = end - 1
				continue
			}
			start := objects[len(objects)-1]
			num, length, ok := readPlaceholder(payload[start:])
			if !ok || num >= n || used[num] {
				return nil, errIllegalAttachments
			}
			used[num] = true
			found = append(found, placeholder{start, start + length, num})
			objects = objects[:len(objects)-1]
			i = start + length - 1
		}
	}
	return found, nil
}

// quotedLength returns the length of the string that data begins with.
func quotedLength(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueOf returns what follows a colon, when one follows: then the string before it was a key.
func valueOf(data []byte) (value []byte, isKey bool) {
	value, isKey = bytes.CutPrefix(trimSpace(data), []byte{':'})
	return trimSpace(value), isKey
}

func trimSpace(data []byte) []byte { return bytes.TrimLeft(data, " \t\r\n") }

// isPlaceholderKey reads a quoted key. It decodes nothing that is another key: a megabyte may be all keys.
func isPlaceholderKey(key []byte) bool {
	const escape = len(`\u0000`)
	key = key[1 : len(key)-1]
	for _, c := range []byte("_placeholder") {
		switch {
		case len(key) >= escape && key[0] == '\\' && key[1] == 'u':
			code, err := strconv.ParseUint(string(key[2:escape]), 16, 16)
			if err != nil || code != uint64(c) {
				return false
			}
			key = key[escape:]
		case len(key) > 0 && key[0] == c:
			key = key[1:]
		default:
			return false
		}
	}
	return len(key) == 0
}

// isFalse tells whether JavaScript takes the value that data begins with for false.
func isFalse(data []byte) bool {
	switch c := data[0]; {
	case c == 'f', c == 'n':
		return true
	case c == '"':
		return data[1] == '"'
	case c == '-' || c >= '0' && c <= '9':
		if end := bytes.IndexAny(data, ",} \t\r\n"); end >= 0 {
			data = data[:end]
		}
		number, _ := strconv.ParseFloat(string(data), 64)
		return number == 0
	}
	return false
}

// readPlaceholder reads an object at the start of data that says `_placeholder` and `num`, and nothing else.
func readPlaceholder(data []byte) (num, length int, ok bool) {
	length, ok = flatLength(data)
	if !ok {
		return 0, 0, false
	}
	var parts []json.RawMessage
	for part := range rawjson.Elements(data[:length]) {
		if parts = append(parts, part); len(parts) > 4 {
			return 0, 0, false
		}
	}
	if len(parts) < 4 {
		return 0, 0, false
	}
	flag, number := parts[:2], parts[2:]
	if !isPlaceholderKey(flag[0]) {
		flag, number = number, flag
	}
	name, _ := rawjson.Unquote(number[0])
	if !isPlaceholderKey(flag[0]) || string(flag[1]) != "true" || name != "num" || len(number[1]) != 1 {
		return 0, 0, false
	}
	digit := number[1][0]
	return int(digit - '0'), length, digit >= '0' && digit <= '9'
}

// flatLength returns the length of the object that data begins with, unless it holds arrays or other objects.
func flatLength(data []byte) (length int, ok bool) {
	for i := 1; ; i++ {
		switch data[i] {
		case '"':
			i += quotedLength(data[i:]) - 1
		case '{', '[':
			return 0, false
		case '}':
			return i + 1, true
		}
	}
}
