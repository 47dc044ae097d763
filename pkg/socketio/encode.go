package socketio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// encoding is a buffer with an encoder that writes JSON as JavaScript does: `<`, `>` and `&` stay
// as they are.
type encoding struct {
	bytes.Buffer
	json *json.Encoder
}

var encodings = sync.Pool{New: func() any {
	e := &encoding{}
	e.json = json.NewEncoder(&e.Buffer)
	e.json.SetEscapeHTML(false)
	return e
}}

// maxKeptEncoding is how large a buffer may be to be used again.
const maxKeptEncoding = 64 << 10

func (e *encoding) free() {
	if e.Cap() <= maxKeptEncoding {
		e.Reset()
		encodings.Put(e)
	}
}

// begin writes the head of a packet.
func (e *encoding) begin(kind byte, namespace string) {
	e.WriteByte(kind)
	if namespace != "/" {
		e.WriteString(namespace)
		e.WriteByte(',')
	}
}

// value writes one JSON value.
func (e *encoding) value(v any) error {
	if raw, ok := v.(json.RawMessage); ok && len(raw) > 0 {
		e.Write(raw)
		return nil
	}
	if err := e.json.Encode(v); err != nil {
		return err
	}
	e.Truncate(e.Len() - 1) // the newline that Encode adds
	return nil
}

func (e *encoding) values(values []any) error {
	for i, v := range values {
		if i > 0 {
			e.WriteByte(',')
		}
		if err := e.value(v); err != nil {
			return err
		}
	}
	return nil
}

// encodeEvent returns the packet of an event. Arguments are what encoding/json takes; a
// json.RawMessage must be valid JSON and goes out as it is.
func encodeEvent(namespace, event string, args []any) (*engineio.Packet, error) {
	e := encodings.Get().(*encoding)
	defer e.free()
	e.begin(typeEvent, namespace)
	e.WriteByte('[')
	err := e.value(event)
	if err == nil && len(args) > 0 {
		e.WriteByte(',')
		err = e.values(args)
	}
	if err != nil {
		return nil, fmt.Errorf("socketio: encode event %q: %w", event, err)
	}
	e.WriteByte(']')
	return engineio.Message(e.Bytes()), nil
}

func encodeAck(namespace string, id uint64, args []any) (*engineio.Packet, error) {
	e := encodings.Get().(*encoding)
	defer e.free()
	e.begin(typeAck, namespace)
	e.Write(strconv.AppendUint(e.AvailableBuffer(), id, 10))
	e.WriteByte('[')
	if err := e.values(args); err != nil {
		return nil, fmt.Errorf("socketio: encode ack: %w", err)
	}
	e.WriteByte(']')
	return engineio.Message(e.Bytes()), nil
}

// encodeControl returns a packet of another type, with a payload or nil for none.
func encodeControl(kind byte, namespace string, payload any) (*engineio.Packet, error) {
	e := encodings.Get().(*encoding)
	defer e.free()
	e.begin(kind, namespace)
	if payload != nil {
		if err := e.value(payload); err != nil {
			return nil, fmt.Errorf("socketio: encode packet: %w", err)
		}
	}
	return engineio.Message(e.Bytes()), nil
}
