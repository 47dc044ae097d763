package socketio

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// draft is an event or an ack but for its end, so that some of its recipients can be sent one argument more.
type draft struct {
	*encoding
	kind      byte
	namespace string
	id        []byte
	head      int // where the array begins
}

// newDraft encodes an event or an ack. It is freed by its free.
func newDraft(kind byte, namespace string, id []byte, values []any) (draft, error) {
	e := encodings.Get().(*encoding)
	e.begin(kind, namespace)
	e.Write(id)
	d := draft{e, kind, namespace, id, e.Len()}
	e.WriteByte('[')
	if err := e.values(values); err != nil {
		e.free()
		return draft{}, err
	}
	return d, nil
}

// newEventDraft is newDraft of an event. A name that events can't have is ErrReserved.
func newEventDraft(namespace, event string, id []byte, args []any) (draft, error) {
	if Reserved(event) {
		return draft{}, fmt.Errorf("%w: %q", ErrReserved, event)
	}
	d, err := newDraft(typeEvent, namespace, id, append([]any{event}, args...))
	if err != nil {
		return draft{}, fmt.Errorf("socketio: encode event %q: %w", event, err)
	}
	return d, nil
}

// newJSONDraft is newEventDraft of arguments that are JSON. An empty one is null.
func newJSONDraft(namespace, event string, args []json.RawMessage) (draft, error) {
	if Reserved(event) {
		return draft{}, fmt.Errorf("%w: %q", ErrReserved, event)
	}
	e := encodings.Get().(*encoding)
	e.begin(typeEvent, namespace)
	d := draft{e, typeEvent, namespace, nil, e.Len()}
	e.WriteByte('[')
	e.last = e.Len()
	e.Write(rawjson.AppendString(e.AvailableBuffer(), event))
	for _, arg := range args {
		e.WriteByte(',')
		e.last = e.Len()
		if len(arg) == 0 {
			arg = null
		}
		e.Write(arg)
	}
	return d, nil
}

var null = json.RawMessage("null")

// packets returns what is sent, with a tail after the last value: nothing, or a comma and one more.
func (d *draft) packets(tail string) ([]*engineio.Packet, error) {
	whole := d.Len()
	defer d.Truncate(whole)
	d.WriteString(tail)
	d.WriteByte(']')
	if payload := d.Bytes()[d.head:]; bytes.Contains(payload, attachmentStart) {
		return detached(d.kind, d.namespace, d.id, payload)
	}
	return []*engineio.Packet{engineio.Message(d.Bytes())}, nil
}

// eventPackets is packets of an event.
func (d *draft) eventPackets(event, tail string) ([]*engineio.Packet, error) {
	packets, err := d.packets(tail)
	if err != nil {
		return nil, fmt.Errorf("socketio: encode event %q: %w", event, err)
	}
	return packets, nil
}

// endsInText tells whether the last value is a string: the name of an event without arguments is one too.
func (d *draft) endsInText() bool {
	last := trimSpace(d.Bytes()[d.last:])
	return len(last) > 0 && last[0] == '"'
}
