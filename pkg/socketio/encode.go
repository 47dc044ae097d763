package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// encoding is a buffer with an encoder that writes JSON as JavaScript does: `<`, `>` and `&` stay
// as they are.
type encoding struct {
	bytes.Buffer
	json *json.Encoder
	last int // where the last of values begins
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

// value writes one JSON value. What busy servers send, JSON that is there already and plain text, is
// written without reflection.
func (e *encoding) value(v any) error {
	switch v := v.(type) {
	case json.RawMessage:
		if len(v) > 0 {
			e.Write(v)
			return nil
		}
	case string:
		e.Write(rawjson.AppendString(e.AvailableBuffer(), v))
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
		e.last = e.Len()
		if err := e.value(v); err != nil {
			return err
		}
	}
	return nil
}

// encodeEvent returns the packets of an event, which are to be sent together. Arguments are what
// encoding/json takes; a json.RawMessage must be valid JSON and goes out as it is. A name that events
// can't have is ErrReserved.
func encodeEvent(namespace, event string, id []byte, args []any) ([]*engineio.Packet, error) {
	d, err := newEventDraft(namespace, event, id, args)
	if err != nil {
		return nil, err
	}
	defer d.free()
	return d.eventPackets(event, "")
}

// encodeArguments returns the JSON of each argument of an event, in which attachments are marked.
func encodeArguments(event string, args []any) ([]json.RawMessage, error) {
	e := encodings.Get().(*encoding)
	defer e.free()
	encoded := make([]json.RawMessage, len(args))
	for i, arg := range args {
		e.Reset()
		if err := e.value(arg); err != nil {
			return nil, fmt.Errorf("socketio: encode event %q: %w", event, err)
		}
		encoded[i] = bytes.Clone(e.Bytes())
	}
	return encoded, nil
}

func encodeAck(namespace string, id uint64, args []any) ([]*engineio.Packet, error) {
	packets, err := encodeArray(typeAck, namespace, strconv.AppendUint(nil, id, 10), args)
	if err != nil {
		return nil, fmt.Errorf("socketio: encode ack: %w", err)
	}
	return packets, nil
}

func encodeArray(kind byte, namespace string, id []byte, values []any) ([]*engineio.Packet, error) {
	d, err := newDraft(kind, namespace, id, values)
	if err != nil {
		return nil, err
	}
	defer d.free()
	return d.packets("")
}

// encodeControl returns a packet that is neither event nor ack. A nil payload means none.
func encodeControl(kind byte, namespace string, payload any) (*engineio.Packet, error) {
	e := encodings.Get().(*encoding)
	defer e.free()
	e.begin(kind, namespace)
	if payload != nil {
		if err := e.value(payload); err != nil {
			return nil, fmt.Errorf("socketio: encode packet: %w", err)
		}
		if bytes.Contains(e.Bytes(), attachmentStart) { // how attachments are marked stays a secret
			return nil, errors.New("socketio: only events and acks have attachments")
		}
	}
	return engineio.Message(e.Bytes()), nil
}
