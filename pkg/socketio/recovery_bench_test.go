package socketio

import (
	"encoding/json"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// sink is the session of a socket that takes everything.
type sink struct{ noSession }

func (sink) Send(...*engineio.Packet) error { return nil }

// crowdOf has sockets without clients in "room".
func crowdOf(b *testing.B, n int, r *Recovery) *Namespace {
	server := NewServer(Options{Recovery: r})
	b.Cleanup(func() { server.Shutdown(b.Context()) })
	ns := server.Of("/")
	ns.OnConnect(func(s *Socket) { s.Join("room") })
	for range n {
		server.newConn(sink{}, &Handshake{}).Message([]byte("0"), false)
	}
	return ns
}

// BenchmarkKept compares events to a room of 100 that are kept with such that are not. Sessions cost nothing here, so that the
// difference is all that is measured; with them it is a small part.
func BenchmarkKept(b *testing.B) {
	said := json.RawMessage(`{"id":"clx0000000000000000000000","text":"hello there","roomId":"room","userId":"u1"}`)
	b.Run("without Recovery", func(b *testing.B) {
		ns := crowdOf(b, 100, nil)
		b.ReportAllocs()
		for b.Loop() {
			ns.To("room").Emit("said", said)
		}
	})
	b.Run("not kept", func(b *testing.B) {
		ns := crowdOf(b, 100, &Recovery{})
		b.ReportAllocs()
		for b.Loop() {
			ns.To("room").Emit("said", said)
		}
	})
	b.Run("kept", func(b *testing.B) {
		ns := crowdOf(b, 100, &Recovery{})
		b.ReportAllocs()
		for b.Loop() {
			ns.To("room").Kept(0).Emit("said", said)
		}
	})
}

// BenchmarkComingBack compares a client that comes back to its session, and to 20 events that it has missed, with one that connects
// and joins its room anew.
func BenchmarkComingBack(b *testing.B) {
	const missed = 20
	b.Run("anew", func(b *testing.B) {
		ns := crowdOf(b, 100, nil)
		server := ns.sockets.any().conn.server
		b.ReportAllocs()
		for b.Loop() {
			c := server.newConn(sink{}, &Handshake{})
			c.Message([]byte("0{}"), false)
			c.Closed(engineio.TransportClose)
		}
	})
	b.Run("recovered", func(b *testing.B) {
		ns := crowdOf(b, 100, &Recovery{})
		s := ns.sockets.any()
		server := s.conn.server
		for range missed {
			ns.To("room").Kept(0).Emit("said", "hello")
		}
		connect := []byte(`0{"pid":"` + ns.recovery.pid("/", s.ID()) + `"}`)
		s.conn.Closed(engineio.TransportClose)
		b.ReportAllocs()
		for b.Loop() {
			c := server.newConn(sink{}, &Handshake{})
			c.Message(connect, false)
			c.Closed(engineio.TransportClose)
		}
	})
}

// any returns one of the sockets.
func (s *sockets) any() (found *Socket) {
	s.each(func(one *Socket) { found = one })
	return found
}
