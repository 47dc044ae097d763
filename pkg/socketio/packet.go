package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Packet types. https://github.com/socketio/socket.io-protocol, "Packet types".
const (
	typeConnect      = '0'
	typeDisconnect   = '1'
	typeEvent        = '2'
	typeAck          = '3'
	typeConnectError = '4'
	typeBinaryEvent  = '5'
	typeBinaryAck    = '6'
)

// packet is a decoded packet. Its data is a part of what it was decoded from.
type packet struct {
	kind        byte // without the difference between binary and not
	attachments int
	namespace   string
	hasID       bool
	id          uint64
	data        []byte // JSON, or nothing
}

// What the decoder refuses; the texts are those of socket.io-parser, which takes any depth.
var (
	errUnknownType    = errors.New("unknown packet type")
	errInvalidPayload = errors.New("invalid payload")
	errTooDeep        = errors.New("payload of more than 100 levels")
	errUnexpected     = errors.New("text where an attachment is due, or the other way round")
	errAttachments    = errors.New("illegal attachment count")
)

// decodePacket reads one packet. It is as strict as socket.io-parser 4.2.7, and stricter where that
// one is lax by accident: an ack id is digits only.
func decodePacket(b []byte) (packet, error) {
	p := packet{namespace: "/"}
	if len(b) == 0 || b[0] < typeConnect || b[0] > typeBinaryAck {
		return p, errUnknownType
	}
	p.kind = b[0]
	b = b[1:]
	if p.kind == typeBinaryEvent || p.kind == typeBinaryAck {
		p.kind -= typeBinaryEvent - typeEvent
		var ok bool
		if p.attachments, b, ok = attachmentCount(b); !ok {
			return p, errAttachments
		}
	}
	if len(b) > 0 && b[0] == '/' {
		name, rest, _ := bytes.Cut(b, []byte{','})
		p.namespace, b = string(name), rest
	}
	digits := 0
	for digits < len(b) && b[digits] >= '0' && b[digits] <= '9' {
		digits++
	}
	if digits > 0 {
		id, err := strconv.ParseUint(string(b[:digits]), 10, 64)
		if err != nil {
			return p, errInvalidPayload
		}
		p.hasID, p.id = true, id
	}
	p.data = b[digits:]
	return p, p.check()
}

// attachmentCount reads `N-`, from 1 to maxAttachments.
func attachmentCount(b []byte) (n int, rest []byte, ok bool) {
	count, rest, ok := bytes.Cut(b, []byte{'-'})
	if !ok || len(count) == 0 || len(count) > 2 {
		return 0, nil, false
	}
	for _, c := range count {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		n = 10*n + int(c-'0')
	}
	return n, rest, n >= 1 && n <= maxAttachments
}

// check refuses a payload that does not fit the type.
func (p *packet) check() error {
	first := byte(0)
	if trimmed := bytes.TrimLeft(p.data, " \t\r\n"); len(trimmed) > 0 {
		first = trimmed[0]
	}
	empty := len(p.data) == 0
	ok := false
	switch p.kind {
	case typeConnect:
		ok = empty || first == '{'
	case typeDisconnect:
		ok = empty
	case typeEvent:
		ok = first == '['
	case typeAck:
		ok = empty || first == '['
	case typeConnectError:
		ok = first == '{' || first == '"'
	}
	switch {
	case !ok:
		return errInvalidPayload
	case empty:
		return nil
	}
	// Whoever hears it broadcast must close over bytes that are not UTF-8, or over JSON that is too deep.
	switch err := rawjson.Check(p.data); {
	case errors.Is(err, rawjson.ErrDepth):
		return errTooDeep
	case err != nil:
		return errInvalidPayload
	}
	return nil
}

// reserved are the names that events can't have: the libraries use them to tell the application
// something.
var reserved = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true,
	"newListener": true, "removeListener": true,
}

// Reserved reports whether an event may not have this name (socket.io-parser, RESERVED_EVENTS).
func Reserved(event string) bool { return reserved[event] }

// ReservedEvents lists the names that [Reserved] reports, in order.
func ReservedEvents() []string { return slices.Sorted(maps.Keys(reserved)) }

// decodeEvent splits the payload of an event into its name and arguments, which it copies.
func decodeEvent(data []byte) (name string, args []json.RawMessage, err error) {
	elements := slices.AppendSeq(make([]json.RawMessage, 0, 3), rawjson.Elements(bytes.Clone(data)))
	if len(elements) == 0 {
		return "", nil, errInvalidPayload
	}
	name, ok := eventName(elements[0])
	if !ok || Reserved(name) {
		return "", nil, errInvalidPayload
	}
	return name, elements[1:], nil
}

// eventName reads a string, or a number as JavaScript writes it: there 1, 1.0 and 1e0 are one name.
func eventName(v json.RawMessage) (name string, ok bool) {
	if v[0] == '"' {
		return rawjson.Unquote(v)
	}
	text, ok := rawjson.Scalar(v)
	if !ok {
		return "", false
	}
	switch number, err := strconv.ParseFloat(text, 64); {
	case err != nil && number > 0:
		return "Infinity", true
	case err != nil:
		return "-Infinity", true
	default:
		written, err := json.Marshal(number + 0) // -0 + 0 is 0
		return string(written), err == nil
	}
}
