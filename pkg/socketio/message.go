package socketio

import (
	"slices"
	"strconv"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// message is an event as its recipients get it. Clients that have a pid (see [Recovery]) take a string at the end of an event
// for an offset. So they, and only they, get one more argument: the offset of a kept event, or a null behind a string of the
// application's.
type message struct {
	packets []*engineio.Packet // for clients with a pid, and for all where tail is 0
	tail    int                // how many bytes at the end of the array are for clients with a pid alone
	plain   []*engineio.Packet // for the others; nil until one wants it
}

// nullTail keeps a client from taking the last argument for an offset.
const nullTail = ",null"

func offsetTail(o Offset) string {
	b := append(make([]byte, 0, 32), `,"`...)
	return string(append(strconv.AppendUint(b, uint64(o), 36), '"'))
}

// encode returns an event of this namespace that is not kept.
func (ns *Namespace) encode(event string, args []any) (message, error) {
	d, err := newEventDraft(ns.name, event, nil, args)
	if err != nil {
		return message{}, err
	}
	defer d.free()
	return ns.finish(event, &d, "")
}

// finish ends an event by its tail. Without one it adds a null if the event needs that.
func (ns *Namespace) finish(event string, d *draft, tail string) (message, error) {
	if tail == "" && ns.recovery != nil && d.endsInText() {
		tail = nullTail
	}
	packets, err := d.eventPackets(event, tail)
	return message{packets: packets, tail: len(tail)}, err
}

// packetsFor returns what one recipient is sent. It is called by one goroutine at a time.
func (m *message) packetsFor(s *Socket) []*engineio.Packet {
	if m.tail == 0 || !s.conn.v2 {
		return m.packets
	}
	if m.plain == nil {
		m.plain = m.ending("")
	}
	return m.plain
}

// ending returns the packets with another tail in the place of theirs.
func (m *message) ending(tail string) []*engineio.Packet {
	_, text := m.packets[0].Payload()
	packets := slices.Clone(m.packets)
	packets[0] = engineio.Message(append(append(slices.Clone(text[1:len(text)-m.tail-1]), tail...), ']'))
	return packets
}

// late returns a kept event for a socket whose client may have heard of later ones: it must not take this one's offset for its latest.
func (m *message) late(s *Socket) []*engineio.Packet {
	if _, text := m.packets[0].Payload(); !s.conn.v2 && text[len(text)-m.tail-2] == '"' {
		return m.ending(nullTail)
	}
	return m.ending("")
}

// text is the offset on the wire.
func (o Offset) text() string { return strconv.FormatUint(uint64(o), 36) }
