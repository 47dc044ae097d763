package redisadapter

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// A kept event says its order at the end of its options, which official servers don't look at. On the wire of the classic adapter
// these are the last bytes of the message, always as many, so that they can be read without the rest.
const (
	orderBytes = 16
	orderKey   = "kept"
)

var orderHead = []byte("\xa4" + orderKey + "\xc4\x10") // msgpack: a string, and bin of 16 bytes

func (o order) bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, orderBytes), uint64(o.position))
	return binary.BigEndian.AppendUint64(b, uint64(o.previous))
}

func orderOf(b []byte) (*order, bool) {
	if len(b) != orderBytes {
		return nil, false
	}
	o := order{socketio.Offset(binary.BigEndian.Uint64(b)), socketio.Offset(binary.BigEndian.Uint64(b[8:]))}
	return &o, o.position != 0
}

// orderAtEnd reads the order of a message in msgpack.
func orderAtEnd(payload []byte) (*order, bool) {
	at := len(payload) - orderBytes
	if at < 0 || !bytes.HasSuffix(payload[:at], orderHead) {
		return nil, false
	}
	return orderOf(payload[at:])
}

// readOrder reads it from JSON: hexadecimal digits, or bytes where the message was msgpack.
func readOrder(v json.RawMessage) (*order, error) {
	var b []byte
	var text string
	if json.Unmarshal(v, &text) == nil {
		b, _ = hex.DecodeString(text)
	} else {
		var bytes socketio.Binary
		if json.Unmarshal(v, &bytes) != nil {
			return nil, errMessage
		}
		b = bytes
	}
	if o, ok := orderOf(b); ok {
		return o, nil
	}
	return nil, errMessage
}
