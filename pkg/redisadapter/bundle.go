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

// bundled is the rest of a bundle: the same bytes as text, of which rooms and names are parts, and as data, of which arguments are.
type bundled struct {
	text  string
	data  []byte
	names []string // of all events, so that they are one array
	args  []json.RawMessage
}

// openBundle returns who sent a bundle, of which both are given the bytes, and what follows: so many events, each to be read by event.
func openBundle(text string, data []byte) (uid string, events int, rest *bundled, err error) {
	rest = &bundled{text: text, data: data}
	uid, _, ok1 := rest.cut()
	events, ok2 := rest.number()
	if !ok1 || !ok2 || events > len(rest.data)/leastEvent {
		return "", 0, nil, errMessage
	}
	rest.names, rest.args = make([]string, 0, events), make([]json.RawMessage, 0, events)
	return uid, events, rest, nil
}

// event reads an event. Nothing was looked for in its arguments.
func (b *bundled) event() (k Kept, err error) {
	if len(b.data) < leastEvent {
		return k, errMessage
	}
	k.To.Offset = socketio.Offset(binary.BigEndian.Uint64(b.data))
	k.Previous = socketio.Offset(binary.BigEndian.Uint64(b.data[8:]))
	b.skip(2 * 8)
	var ok1, ok2, ok3, ok4 bool
	k.To.Rooms, ok1 = b.list()
	k.To.Except, ok2 = b.list()
	k.Event, _, ok3 = b.cut()
	k.Args, ok4 = b.arguments()
	if !ok1 || !ok2 || !ok3 || !ok4 || k.To.Offset == 0 || k.Event == "" {
		return k, errMessage
	}
	return k, nil
}

func (b *bundled) skip(n int) { b.text, b.data = b.text[n:], b.data[n:] }

// number reads one that is no more than there are bytes left.
func (b *bundled) number() (n int, ok bool) {
	value, size := binary.Uvarint(b.data)
	if size <= 0 || value > uint64(len(b.data)-size) {
		return 0, false
	}
	b.skip(size)
	return int(value), true
}

func (b *bundled) cut() (text string, data []byte, ok bool) {
	n, ok := b.number()
	if !ok {
		return "", nil, false
	}
	text, data = b.text[:n], b.data[:n:n]
	b.skip(n)
	return text, data, true
}

func (b *bundled) list() (names []string, ok bool) {
	n, ok := b.number()
	begin := len(b.names)
	for ; ok && n > 0; n-- {
		var name string
		name, _, ok = b.cut()
		b.names = append(b.names, name)
	}
	return b.names[begin:len(b.names):len(b.names)], ok
}

func (b *bundled) arguments() (args []json.RawMessage, ok bool) {
	n, ok := b.number()
	begin := len(b.args)
	for ; ok && n > 0; n-- {
		var arg []byte
		_, arg, ok = b.cut()
		b.args = append(b.args, arg)
	}
	return b.args[begin:len(b.args):len(b.args)], ok
}

// hearBundle tells what another server has bundled. There is Options.Kept. One goroutine calls it.
func (a *Adapter) hearBundle(ns *socketio.Namespace, text string, data []byte) {
	uid, events, rest, err := openBundle(text, data)
	if err != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
		return
	}
	if uid == a.wire.name() {
		return
	}
	heard := a.heardTogether[:0]
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
	if err != nil || len(rest.data) > 0 {
		a.options.Observer.Dropped(InUnreadable, 1)
	}
	if len(heard) > 0 {
		a.options.Kept(ns, heard)
	}
	clear(heard)
	a.heardTogether = heard
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
