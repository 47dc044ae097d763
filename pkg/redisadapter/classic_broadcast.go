package redisadapter

import (
	"encoding/json"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// decodeBroadcast reads [uid, packet, opts]. There are more of these than of all else, so nothing is decoded on the way.
func (c classic) decodeBroadcast(ns string, payload []byte) (m message, err error) {
	m.kind = broadcast
	n, rest, err := msgp.ReadArrayHeaderBytes(payload)
	if err != nil || n != 3 || msgp.NextType(rest) != msgp.StrType {
		return m, errMessage
	}
	if m.uid, rest, err = msgp.ReadStringBytes(rest); err != nil {
		return m, errMessage
	}
	p := packetReader{message: &m, ns: "/"}
	if rest, err = eachMember(rest, p.member); err != nil {
		return m, err
	}
	if p.ns != ns || !p.named {
		return m, errMessage
	}
	rest, err = eachMember(rest, m.option)
	if err == nil && len(rest) > 0 {
		err = errMessage
	}
	return m, err
}

// packetReader reads the packet of an event.
type packetReader struct {
	*message
	ns    string
	named bool
}

func (p *packetReader) member(key, data []byte) (rest []byte, err error) {
	switch string(key) {
	case "type":
		if number, after, err := msgp.ReadUint64Bytes(data); err == nil && (number == eventPacket || number == binaryPacket) {
			return after, nil
		}
		return data, errMessage
	case "nsp":
		if msgp.NextType(data) == msgp.StrType {
			p.ns, rest, err = msgp.ReadStringBytes(data)
			return rest, err
		}
	case "data":
		p.named = true
		return p.event(data)
	}
	return skip(data)
}

// event reads the array of an event.
func (p *packetReader) event(data []byte) (rest []byte, err error) {
	n, rest, err := msgp.ReadArrayHeaderBytes(data)
	if err != nil || n == 0 || int64(n) > int64(len(rest)) {
		return data, errMessage
	}
	if p.message.event, rest, err = readName(rest); err != nil {
		return data, err
	}
	p.args = make([]json.RawMessage, 0, n-1)
	all := make([]byte, 0, len(rest)) // with the options that follow it is about what the arguments take as JSON
	for range n - 1 {
		begin := len(all)
		if all, rest, err = appendMsgpack(all, rest, rawjson.MaxDepth); err != nil {
			return data, errMessage
		}
		p.args = append(p.args, all[begin:len(all):len(all)])
	}
	return rest, nil
}

// option reads one of the options of a broadcast.
func (m *message) option(key, data []byte) (rest []byte, err error) {
	switch string(key) {
	case "rooms":
		m.to.Rooms, rest, err = readNames(data)
		return rest, err
	case "except":
		m.to.Except, rest, err = readNames(data)
		return rest, err
	case "flags":
		if msgp.NextType(data) == msgp.MapType {
			return eachMember(data, m.flag)
		}
	case orderKey:
		b, after, err := msgp.ReadBytesZC(data)
		if err != nil {
			return data, errMessage
		}
		o, ok := orderOf(b)
		if !ok {
			return data, errMessage
		}
		m.order = o
		return after, nil
	}
	return skip(data)
}

func (m *message) flag(key, data []byte) (rest []byte, err error) {
	if string(key) == "volatile" && msgp.NextType(data) == msgp.BoolType {
		m.to.Volatile, rest, err = msgp.ReadBoolBytes(data)
		return rest, err
	}
	return skip(data)
}

// readNames reads rooms, or nil for none.
func readNames(data []byte) (list []string, rest []byte, err error) {
	if msgp.IsNil(data) {
		return nil, data[1:], nil
	}
	n, rest, err := msgp.ReadArrayHeaderBytes(data)
	if err != nil || int64(n) > int64(len(rest)) {
		return nil, data, errMessage
	}
	for range n {
		name, after, err := readName(rest)
		if err != nil {
			return nil, data, err
		}
		list = append(list, name)
		rest = after
	}
	return list, rest, nil
}

// readName reads a name, which official servers may have as a number. It is text in UTF-8.
func readName(data []byte) (name string, rest []byte, err error) {
	if msgp.NextType(data) == msgp.StrType {
		name, rest, err = msgp.ReadStringBytes(data)
		return strings.ToValidUTF8(name, "\ufffd"), rest, err
	}
	value, rest, err := readJSON(data)
	if err != nil {
		return "", data, errMessage
	}
	name, ok := rawjson.Scalar(value)
	if !ok {
		return "", data, errMessage
	}
	return name, rest, nil
}

// skip passes over a value that nobody wants. It must be one that could be read.
func skip(data []byte) (rest []byte, err error) {
	_, rest, err = readJSON(data)
	return rest, err
}

// eachMember calls f for each key of a msgpack map with what follows the key; f returns what follows the value.
func eachMember(data []byte, f func(key, rest []byte) (after []byte, err error)) (rest []byte, err error) {
	if msgp.NextType(data) != msgp.MapType {
		return data, errMessage
	}
	n, rest, err := msgp.ReadMapHeaderBytes(data)
	if err != nil {
		return data, errMessage
	}
	for range n {
		if msgp.NextType(rest) != msgp.StrType {
			return rest, errMessage
		}
		key, after, err := msgp.ReadStringZC(rest)
		if err != nil {
			return rest, errMessage
		}
		if rest, err = f(key, after); err != nil {
			return rest, err
		}
	}
	return rest, nil
}
