package socketio

import (
	"bytes"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Pass sends the engine packets of one Socket.IO packet of this namespace that was encoded elsewhere, by the app's own server for example.
// They reach this server's sockets only, unchanged but for one case: with Recovery, an event whose last argument is a string gets a null
// behind it, so that no client takes the string for an offset. They are never kept.
func (b Broadcast) Pass(packets ...*engineio.Packet) {
	m := b.ns.passed(packets)
	b.tell(&m)
}

// Pass is Broadcast.Pass to this client.
func (s *Socket) Pass(packets ...*engineio.Packet) error {
	m := s.namespace.passed(packets)
	return s.post(false, &m)
}

// PassVolatile is Pass for what is worth nothing later.
func (s *Socket) PassVolatile(packets ...*engineio.Packet) error {
	m := s.namespace.passed(packets)
	return s.post(true, &m)
}

// Connection returns the connection that the socket shares with those of the client's other namespaces.
func (s *Socket) Connection() Session { return s.conn.session }

// passed makes a message of packets that were encoded elsewhere.
func (ns *Namespace) passed(packets []*engineio.Packet) message {
	isBinary, text := packets[0].Payload()
	if ns.recovery == nil || isBinary || !isEvent(text) || !bytes.HasSuffix(text, []byte(`"]`)) {
		return message{packets: packets}
	}
	m := message{packets: packets}
	return message{packets: m.ending(nullTail), tail: len(nullTail)}
}

// isEvent tells of a packet of the engine, with its type before it.
func isEvent(text []byte) bool {
	return len(text) > 1 && (text[1] == typeEvent || text[1] == typeBinaryEvent)
}
