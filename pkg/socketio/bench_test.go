package socketio

import (
	"encoding/json"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// crowd returns a namespace with sockets in "room", and how many bytes their clients have read.
func crowd(b testing.TB, n int) (*Namespace, *atomic.Int64) {
	ns, members := serveMembers(b, n)
	var bytes atomic.Int64
	for _, m := range members {
		m.join("room")
		m.conn.SetDeadline(time.Time{})
		go func() {
			buffer := make([]byte, 4096)
			for {
				n, err := m.conn.Read(buffer)
				if err != nil {
					return
				}
				bytes.Add(int64(n))
			}
		}()
	}
	return ns, &bytes
}

// BenchmarkBroadcast encodes an event for a room of 1,000 and waits until all of them have read it.
func BenchmarkBroadcast(b *testing.B) {
	const members = 1000
	ns, read := crowd(b, members)
	message := json.RawMessage(`{"id":"clx0000000000000000000000","text":"hello there","roomId":"room","userId":"u1"}`)
	frame := int64(2 + len(`42["receive_message",]`) + len(message))
	b.ReportAllocs()
	for want := members * frame; b.Loop(); want += members * frame {
		ns.To("room").Emit("receive_message", message)
		for read.Load() < want {
			runtime.Gosched()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/members, "ns/delivery")
}

// BenchmarkQueue is the part of a broadcast that the sender waits for.
func BenchmarkQueue(b *testing.B) {
	const members = 1000
	ns, read := crowd(b, members)
	p, err := encodeEvent("/", "receive_message", nil, []any{"hello there"})
	if err != nil {
		b.Fatal(err)
	}
	frame := int64(len("__") + len(`42["receive_message","hello there"]`))
	b.ReportAllocs()
	for want := members * frame; b.Loop(); want += members * frame {
		ns.rooms.tell(&message{packets: p}, Target{Rooms: []string{"room"}})
		b.StopTimer()
		for read.Load() < want {
			runtime.Gosched()
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/members, "ns/member")
}

func BenchmarkDecodeEvent(b *testing.B) {
	data := []byte(`212["send_message",{"roomId":"general","text":"hello there, how are you?"}]`)
	b.ReportAllocs()
	for b.Loop() {
		p, err := decodePacket(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := decodeEvent(p.data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode makes the one frame that all recipients of a broadcast share.
func BenchmarkEncode(b *testing.B) {
	message := json.RawMessage(`{"id":"clx0000000000000000000000","text":"hello there","roomId":"room","userId":"u1"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeEvent("/", "receive_message", nil, []any{message}); err != nil {
			b.Fatal(err)
		}
	}
}
