package redisadapter

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// How socketio.Binary writes an attachment into JSON: between these two, in base64. No client can write it.
var attachmentStart, attachmentEnd = func() ([]byte, []byte) {
	const end = `"]`
	empty, _ := socketio.Binary(nil).MarshalJSON()
	return bytes.TrimSuffix(empty, []byte(end)), []byte(end)
}()

var errJSON = errors.New("redisadapter: an argument is not JSON of at most 100 levels")

// appendJSON appends a JSON value as notepack would encode it: numbers as short as they are, attachments as bin.
func appendJSON(dst []byte, value json.RawMessage) ([]byte, error) {
	if rawjson.Check(value) != nil {
		return dst, errJSON
	}
	e := transcoder{json: value, dst: dst}
	err := e.value()
	return e.dst, err
}

// transcoder reads JSON that was checked, and appends it to dst as msgpack.
type transcoder struct {
	json []byte
	at   int
	dst  []byte
}

// next is the first byte of the next token.
func (t *transcoder) next() byte {
	for {
		switch c := t.json[t.at]; c {
		case ' ', '\n', '\t', '\r', ',', ':':
			t.at++
		default:
			return c
		}
	}
}

func (t *transcoder) value() error {
	switch c := t.next(); c {
	case '{':
		return t.many('}', msgp.AppendMapHeader)
	case '[':
		if bytes.HasPrefix(t.json[t.at:], attachmentStart) {
			return t.attachment()
		}
		return t.many(']', msgp.AppendArrayHeader)
	case '"':
		return t.text()
	case 't', 'f', 'n':
		t.word(c)
		return nil
	}
	return t.number()
}

// many encodes an array or an object. Most have less than 16 members, whose header is one byte: only for more is it made longer
// when they have been counted.
func (t *transcoder) many(end byte, header func([]byte, uint32) []byte) error {
	t.at++
	start := len(t.dst)
	t.dst = append(t.dst, 0)
	n := 0
	for ; t.next() != end; n++ {
		if err := t.value(); err != nil {
			return err
		}
	}
	t.at++
	if end == '}' {
		n /= 2
	}
	var head [5]byte
	t.dst = slices.Replace(t.dst, start, start+1, header(head[:0], uint32(n))...)
	return nil
}

func (t *transcoder) text() error {
	end := t.at + 1
	escaped := false
	for ; t.json[end] != '"'; end++ {
		if t.json[end] == '\\' {
			escaped = true
			end++
		}
	}
	quoted := t.json[t.at : end+1]
	t.at = end + 1
	if !escaped {
		t.dst = msgp.AppendStringFromBytes(t.dst, quoted[1:len(quoted)-1])
		return nil
	}
	text, ok := rawjson.Unquote(quoted)
	if !ok {
		return errJSON
	}
	t.dst = msgp.AppendString(t.dst, text)
	return nil
}

func (t *transcoder) word(c byte) {
	switch c {
	case 't':
		t.dst = msgp.AppendBool(t.dst, true)
		t.at += len("true")
	case 'f':
		t.dst = msgp.AppendBool(t.dst, false)
		t.at += len("false")
	default:
		t.dst = msgp.AppendNil(t.dst)
		t.at += len("null")
	}
}

func (t *transcoder) number() error {
	end := t.at
	for end < len(t.json) && bytes.IndexByte([]byte("+-.eE0123456789"), t.json[end]) >= 0 {
		end++
	}
	text := string(t.json[t.at:end])
	t.at = end
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.dst = appendInt(t.dst, i)
		return nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		t.dst = msgp.AppendUint64(t.dst, u)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && !math.IsInf(f, 0):
		return errJSON
	case math.IsInf(f, 0): // JavaScript's JSON.stringify has no infinity either
		t.dst = msgp.AppendNil(t.dst)
	case f == math.Trunc(f) && math.Abs(f) <= 1<<53:
		t.dst = appendInt(t.dst, int64(f))
	default:
		t.dst = msgp.AppendFloat64(t.dst, f)
	}
	return nil
}

// appendInt has JavaScript's order of types: what is not negative is unsigned.
func appendInt(dst []byte, i int64) []byte {
	if i < 0 {
		return msgp.AppendInt64(dst, i)
	}
	return msgp.AppendUint64(dst, uint64(i))
}

func (t *transcoder) attachment() error {
	encoded, rest, found := bytes.Cut(t.json[t.at+len(attachmentStart):], attachmentEnd)
	b, err := base64.StdEncoding.AppendDecode(nil, encoded)
	if !found || err != nil {
		return errJSON
	}
	t.dst = msgp.AppendBytes(t.dst, b)
	t.at = len(t.json) - len(rest)
	return nil
}

var errMsgpack = errors.New("redisadapter: not msgpack that can be JSON of at most 100 levels")

// readJSON reads one msgpack value as JSON, and returns what follows it. Bytes become attachments, times what JavaScript's
// JSON.stringify makes of them.
func readJSON(data []byte) (value json.RawMessage, rest []byte, err error) {
	return appendMsgpack(nil, data, rawjson.MaxDepth)
}

// appendMsgpack appends the msgpack value that data begins with to dst as JSON. It allows for so many levels.
func appendMsgpack(dst, data []byte, levels int) (json, rest []byte, err error) {
	switch msgp.NextType(data) {
	case msgp.StrType:
		return appendText(dst, data)
	case msgp.MapType:
		n, rest, err := msgp.ReadMapHeaderBytes(data)
		if err != nil || levels == 0 || int64(n)*2 > int64(len(rest)) {
			return dst, data, errMsgpack
		}
		return appendMembers(append(dst, '{'), rest, n, levels-1)
	case msgp.ArrayType:
		n, rest, err := msgp.ReadArrayHeaderBytes(data)
		if err != nil || levels == 0 || int64(n) > int64(len(rest)) {
			return dst, data, errMsgpack
		}
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, rest, err = appendMsgpack(dst, rest, levels-1); err != nil {
				return dst, rest, err
			}
		}
		return append(dst, ']'), rest, nil
	case msgp.BinType:
		b, rest, err := msgp.ReadBytesZC(data)
		return appendAttachment(dst, b), rest, err
	}
	return appendScalar(dst, data)
}

func appendMembers(dst, rest []byte, n uint32, levels int) (json, after []byte, err error) {
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if msgp.NextType(rest) != msgp.StrType {
			return dst, rest, errMsgpack
		}
		if dst, rest, err = appendText(dst, rest); err != nil {
			return dst, rest, err
		}
		if dst, rest, err = appendMsgpack(append(dst, ':'), rest, levels); err != nil {
			return dst, rest, err
		}
	}
	return append(dst, '}'), rest, nil
}

func appendText(dst, data []byte) (json, rest []byte, err error) {
	text, rest, err := msgp.ReadStringZC(data)
	if err != nil {
		return dst, data, errMsgpack
	}
	return rawjson.AppendString(dst, text), rest, nil
}

func appendAttachment(dst, b []byte) []byte {
	dst = append(dst, attachmentStart...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, attachmentEnd...)
}

func appendScalar(dst, data []byte) (json, rest []byte, err error) {
	switch msgp.NextType(data) {
	case msgp.NilType:
		rest, err = msgp.ReadNilBytes(data)
		return append(dst, "null"...), rest, err
	case msgp.BoolType:
		is, rest, err := msgp.ReadBoolBytes(data)
		return strconv.AppendBool(dst, is), rest, err
	case msgp.UintType:
		u, rest, err := msgp.ReadUint64Bytes(data)
		return strconv.AppendUint(dst, u, 10), rest, err
	case msgp.IntType:
		i, rest, err := msgp.ReadInt64Bytes(data)
		return strconv.AppendInt(dst, i, 10), rest, err
	case msgp.Float32Type:
		f, rest, err := msgp.ReadFloat32Bytes(data)
		return appendFloat(dst, float64(f)), rest, err
	case msgp.Float64Type:
		f, rest, err := msgp.ReadFloat64Bytes(data)
		return appendFloat(dst, f), rest, err
	case msgp.InvalidType:
		return dst, data, errMsgpack
	}
	return appendExtension(dst, data)
}

// appendFloat writes a number as JavaScript's JSON.stringify would.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	b, err := json.Marshal(f) // follows ECMAScript
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, b...)
}

// Types of extension: a timestamp of msgpack, and what notepack 2 had for undefined, Date and ArrayBuffer.
const (
	extTimestamp = -1
	extNotepack  = 0
)

// appendExtension writes times as ISO 8601 in UTC with milliseconds.
func appendExtension(dst, data []byte) (json, rest []byte, err error) {
	kind, body, rest, ok := cutExtension(data)
	switch {
	case !ok:
		return dst, data, errMsgpack
	case data[0] == fixext1 && kind == extNotepack:
		return append(dst, "null"...), rest, nil
	case data[0] == fixext8 && kind == extNotepack:
		ms := int64(binary.BigEndian.Uint64(body))
		return appendTime(dst, ms), rest, nil
	case kind == extNotepack:
		return appendAttachment(dst, body), rest, nil
	case kind == extTimestamp:
		seconds, nanos, ok := timestamp(body)
		if ok && seconds > -maxSeconds && seconds < maxSeconds {
			return appendTime(dst, seconds*1000+nanos/1e6), rest, nil
		}
	}
	return dst, data, errMsgpack
}

const (
	fixext1 = 0xd4
	fixext8 = 0xd7
	ext8    = 0xc7
	ext16   = 0xc8
	ext32   = 0xc9
)

func cutExtension(data []byte) (kind int8, body, rest []byte, ok bool) {
	size, head := 0, 2
	switch c := data[0]; {
	case c >= fixext1 && c <= 0xd8:
		size = 1 << (c - fixext1)
	case c == ext8 && len(data) > 2:
		size, head = int(data[1]), 3
	case c == ext16 && len(data) > 3:
		size, head = int(binary.BigEndian.Uint16(data[1:])), 4
	case c == ext32 && len(data) > 5:
		size, head = int(binary.BigEndian.Uint32(data[1:])), 6
	default:
		return 0, nil, nil, false
	}
	if len(data)-head < size {
		return 0, nil, nil, false
	}
	return int8(data[head-1]), data[head : head+size], data[head+size:], true
}

func timestamp(body []byte) (seconds, nanos int64, ok bool) {
	switch len(body) {
	case 4:
		return int64(binary.BigEndian.Uint32(body)), 0, true
	case 8:
		both := binary.BigEndian.Uint64(body)
		return int64(both & (1<<34 - 1)), int64(both >> 34), true
	case 12:
		return int64(binary.BigEndian.Uint64(body[4:])), int64(binary.BigEndian.Uint32(body)), true
	}
	return 0, 0, false
}
