package redisadapter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// A bundle is kept events of one server, in its order, as one message to servers of this package alone: what another server is to know of
// an event stands there as it is, so that hearing it takes no decoding. It begins with the sender's uid and the number of events. Of each
// there are the two positions, its rooms, the excepted ones, its name and its arguments, which are JSON. Positions are 8 bytes, the
// most significant first. All else is texts, or a number of texts and these, with the length before each; numbers are varints as those of
// encoding/binary.
//
// Another form gets another channel: servers that have subscribed this one understand this form.
const bundleChannel = "-told1#"

// bundles is the channel of a namespace. By its name it comes behind the one by which servers are counted; see inOrder.
func (o Options) bundles(ns string) string { return o.Prefix + bundleChannel + ns + "#" }

// Bounds of a bundle: what is larger goes in several, or alone as every other message.
const (
	bundleBytes = 256 << 10
	eventBytes  = 64 << 10
)

// Kept is a kept event of another server.
type Kept struct {
	To socketio.Target // To.Offset is the event's own position
	// Previous is what PublishKept was given there.
	Previous socketio.Offset
	// Event is empty where no socket of this server is in the rooms: there is nothing to deliver, and nothing was decoded.
	Event string
	Args  []json.RawMessage
}

// canBundle tells whether a message may be part of a bundle. Attachments may not: how they are marked in JSON is a secret of the process.
// Nor may what says no previous event: who did not hear it would not find out.
func (m *message) canBundle() bool {
	if m.order == nil || m.order.previous == 0 || m.event == "" || m.size() > eventBytes {
		return false
	}
	for _, arg := range m.args {
		if bytes.Contains(arg, attachmentStart) {
			return false
		}
	}
	return true
}

func appendBundle(b []byte, uid string, events []outgoing) []byte {
	b = writeText(b, uid)
	b = binary.AppendUvarint(b, uint64(len(events)))
	for i := range events {
		m := &events[i].message
		b = binary.BigEndian.AppendUint64(b, uint64(m.order.position))
		b = binary.BigEndian.AppendUint64(b, uint64(m.order.previous))
		b = writeTexts(b, m.to.Rooms)
		b = writeTexts(b, m.to.Except)
		b = writeText(b, m.event)
		b = writeTexts(b, m.args)
	}
	return b
}

func writeText[T string | json.RawMessage](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func writeTexts[T string | json.RawMessage](b []byte, texts []T) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, text := range texts {
		b = writeText(b, text)
	}
	return b
}

// leastEvent is how many bytes an event takes at least.
const leastEvent = 2*8 + 4

// openBundle returns who sent a bundle, and what follows: so many events, each to be read by event.
func openBundle(payload []byte) (uid []byte, events int, rest bundled, err error) {
	rest = payload
	uid, ok1 := rest.text()
	events, ok2 := rest.number()
	if !ok1 || !ok2 || events > len(rest)/leastEvent {
		return nil, 0, nil, errMessage
	}
	return uid, events, rest, nil
}

// bundled is the rest of a bundle.
type bundled []byte

// event reads an event. Its arguments are parts of the bundle; nothing was looked for in them.
func (b *bundled) event() (k Kept, err error) {
	if len(*b) < leastEvent {
		return k, errMessage
	}
	k.To.Offset = socketio.Offset(binary.BigEndian.Uint64(*b))
	k.Previous = socketio.Offset(binary.BigEndian.Uint64((*b)[8:]))
	*b = (*b)[16:]
	rooms, ok1 := texts[string](b)
	except, ok2 := texts[string](b)
	event, ok3 := b.text()
	args, ok4 := texts[json.RawMessage](b)
	if !ok1 || !ok2 || !ok3 || !ok4 || k.To.Offset == 0 || len(event) == 0 {
		return k, errMessage
	}
	k.To.Rooms, k.To.Except, k.Event, k.Args = rooms, except, string(event), args
	return k, nil
}

func (b *bundled) number() (n int, ok bool) {
	value, size := binary.Uvarint(*b)
	if size <= 0 || value > uint64(len(*b)) {
		return 0, false
	}
	*b = (*b)[size:]
	return int(value), true
}

func (b *bundled) text() (text []byte, ok bool) {
	n, ok := b.number()
	if !ok || n > len(*b) {
		return nil, false
	}
	text = (*b)[:n:n]
	*b = (*b)[n:]
	return text, true
}

// texts reads a list. Strings are copies.
func texts[T string | json.RawMessage](b *bundled) (list []T, ok bool) {
	n, ok := b.number()
	if !ok || n == 0 {
		return nil, ok
	}
	list = make([]T, n)
	for i := range list {
		text, ok := b.text()
		if !ok {
			return nil, false
		}
		list[i] = T(text)
	}
	return list, true
}

// hearBundle tells what another server has bundled. There is Options.Kept.
func (a *Adapter) hearBundle(ns *socketio.Namespace, payload []byte) {
	uid, events, rest, err := openBundle(payload)
	if err == nil && string(uid) == a.wire.name() {
		return
	}
	heard := make([]Kept, 0, events)
	for range events {
		var k Kept
		if k, err = rest.event(); err != nil {
			break
		}
		if !occupied(ns, k.To.Rooms) {
			k.Event, k.Args = "", nil
		} else if !areJSON(k.Args) {
			a.options.Observer.Dropped(InUnreadable, 1)
			continue
		}
		heard = append(heard, k)
	}
	if err != nil || len(rest) > 0 {
		a.options.Observer.Dropped(InUnreadable, 1)
	}
	if len(heard) > 0 {
		a.options.Kept(ns, heard)
	}
}

// occupied tells whether anybody here may hear what is told in the rooms: none means everybody.
func occupied(ns *socketio.Namespace, rooms []string) bool {
	for _, room := range rooms {
		if ns.Occupied(room) {
			return true
		}
	}
	return len(rooms) == 0
}

func areJSON(args []json.RawMessage) bool {
	for _, arg := range args {
		if rawjson.Check(arg) != nil {
			return false
		}
	}
	return true
}
