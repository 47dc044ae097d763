package redisadapter

import (
	"encoding/json"
	"testing"

	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

var benchArgs = []json.RawMessage{json.RawMessage(`{"id":"clx3v7r1s0000","roomId":"general","content":"Hello, how are you today?","senderId":"user-42","createdAt":"2026-01-01T00:00:00.000Z"}`)}

// BenchmarkHear is what a message costs that another server has published, but for the reading of the connection and for the writing
// to clients.
func BenchmarkHear(b *testing.B) {
	for name, o := range languages {
		o.Kept = func(*socketio.Namespace, []Kept) {}
		redis := redistest.Start(b)
		s, sender := serve(b, open(b, nil, redis.Addr()), o), serve(b, open(b, nil, redis.Addr()), o)
		there := s.member("/", "here")
		go func() { // until the end of the test
			for _, err := there.conn.Next(); err == nil; _, err = there.conn.Next() {
			}
		}()
		for _, room := range []string{"here", "nobody"} {
			for _, position := range []socketio.Offset{0, 7} {
				m := message{kind: broadcast, to: socketio.Target{Rooms: []string{room}}, event: "message", args: benchArgs}
				what := name + "/" + room
				if position != 0 {
					m.order = &order{position, position - 1}
					what += " kept"
				}
				channel, payload, err := sender.adapter.wire.encode("/", &m)
				if err != nil {
					b.Fatal(err)
				}
				in := incoming{s.adapter.wire.subscriptions("/")[0].name, channel, string(sender.adapter.seal.close(channel, payload))}
				b.Run(what, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						clear(s.adapter.before.latest)
						s.adapter.hear(in)
					}
				})
			}
		}
	}
}

// BenchmarkHearBundle is BenchmarkHear of what was published together, for each event.
func BenchmarkHearBundle(b *testing.B) {
	redis := redistest.Start(b)
	s := serve(b, open(b, nil, redis.Addr()), Options{Kept: func(*socketio.Namespace, []Kept) {}})
	s.member("/", "here")
	for _, room := range []string{"here", "nobody"} {
		var events []outgoing
		for range 100 {
			m := message{to: socketio.Target{Rooms: []string{room}}, event: "message", args: benchArgs, order: &order{7, 5}}
			events = append(events, outgoing{message: m})
		}
		channel := s.adapter.options.bundles("/")
		in := incoming{channel, channel, string(appendBundle(nil, "x", events))}
		b.Run(room, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for ; b.Loop(); n++ {
				if n%len(events) == 0 {
					s.adapter.hear(in)
				}
			}
		})
	}
}

// BenchmarkPublish is what a message costs until Redis gets it: its caller's part, and the publisher's, who encodes it unless this server
// is alone.
func BenchmarkPublish(b *testing.B) {
	for name, o := range languages {
		o = o.withDefaults()
		w, _ := o.Wire.open(o.Prefix)
		sealing, _ := newSeal(o.Key, w.name())
		for _, alone := range []bool{false, true} {
			if alone {
				name += " alone"
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				a := &Adapter{options: o, wire: w, seal: sealing, out: newQueue[outgoing](1000, 1<<20)}
				p := publisher{Adapter: a}
				rooms := []string{"here"}
				for n := 0; b.Loop(); n++ {
					m := message{kind: broadcast, to: socketio.Target{Rooms: rooms}, event: "message", args: benchArgs}
					a.out.add(outgoing{ns: "/", message: m}, m.size())
					if n%publishAtATime == 0 {
						p.taken = a.out.take(p.taken)
						p.encode(p.taken, alone)
						clear(p.taken)
					}
				}
			})
		}
	}
}

const publishAtATime = 20

// BenchmarkThroughRedis is a published message that comes back to another server, all of it.
func BenchmarkThroughRedis(b *testing.B) {
	redis := redistest.Start(b)
	heard := make(chan struct{}, 1<<20)
	o := Options{Kept: func(_ *socketio.Namespace, events []Kept) {
		for range events {
			heard <- struct{}{}
		}
	}}
	a, s := serve(b, open(b, nil, redis.Addr()), o), serve(b, open(b, nil, redis.Addr()), o)
	s.member("/", "here")
	const ahead = 1000
	sent := 0
	send := func() {
		sent++
		a.adapter.PublishKept(a.root, socketio.Target{Rooms: []string{"here"}, Offset: socketio.Offset(sent)}, socketio.Offset(sent-1), "message", benchArgs)
	}
	for range ahead {
		send()
	}
	for b.Loop() {
		send()
		<-heard
	}
}
