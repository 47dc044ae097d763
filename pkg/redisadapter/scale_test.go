package redisadapter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// What a message of another server costs a server and Redis, as scripts/bench/run -simulate asks for it.

const scaleMessages = 20_000

// scaleMessage is one to a room, as another server publishes it: the payload of PUBLISH, and its channel.
func scaleMessage(b *testing.B, room string, position socketio.Offset) (channel string, payload []byte) {
	w, err := Classic.open("socket.io")
	if err != nil {
		b.Fatal(err)
	}
	text := `{"roomId":"room-4711","text":"` + strings.Repeat("a word ", 10) + `","id":"cm5x3v7r1s0000abcdefgh","userId":"u004711","createdAt":"2026-01-01T00:00:00.000Z","user":{"username":"user004711"}}`
	m := message{kind: broadcast, to: socketio.Target{Rooms: []string{room}}, event: "receive_message", args: []json.RawMessage{json.RawMessage(text)},
		order: &order{position, position - 1}}
	channel, payload, err = w.encode("/", &m)
	if err != nil {
		b.Fatal(err)
	}
	return channel, payload
}

// flood publishes the messages as fast as Redis takes them.
func flood(b *testing.B, address, room string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const atOnce = 500
	answers := bufio.NewReaderSize(c, 64<<10)
	for sent := 0; sent < scaleMessages; sent += atOnce {
		var out []byte
		for i := range atOnce {
			channel, payload := scaleMessage(b, room, socketio.Offset(sent+i+1))
			out = fmt.Appendf(out, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(channel), channel, len(payload), payload)
		}
		if _, err := c.Write(out); err != nil {
			b.Fatal(err)
		}
		for range atOnce {
			if _, err := answers.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// ownTime is the CPU that this process has used.
func ownTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkForeign is the whole CPU of a server for a message that another one has published, from the connection to Options.Kept: in a
// room where nobody is here, and in one where somebody is.
func BenchmarkForeign(b *testing.B) {
	redis := redistest.Start(b)
	alone := ownTime()
	flood(b, redis.Addr(), "nobody")
	alone = ownTime() - alone
	var heard atomic.Int64
	all := make(chan struct{}, 1)
	s := serve(b, open(b, nil, redis.Addr()), Options{Kept: func(_ *socketio.Namespace, events []Kept) {
		if heard.Add(int64(len(events)))%scaleMessages == 0 {
			all <- struct{}{}
		}
	}})
	s.member("/", "here")
	for _, room := range []string{"nobody", "here"} {
		b.Run(room, func(b *testing.B) {
			began := ownTime()
			for b.Loop() {
				flood(b, redis.Addr(), room)
				<-all
			}
			spent := (ownTime()-began)/time.Duration(b.N) - alone
			b.ReportMetric(float64(spent.Nanoseconds())/scaleMessages, "cpu-ns/message")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSubscribers is what Redis does for one message to so many servers.
func BenchmarkSubscribers(b *testing.B) {
	for _, servers := range []int{1, 16} {
		b.Run(strconv.Itoa(servers), func(b *testing.B) {
			redis := redistest.Start(b)
			for range servers {
				c, err := net.Dial("tcp", redis.Addr())
				if err != nil {
					b.Fatal(err)
				}
				defer c.Close()
				fmt.Fprint(c, "PSUBSCRIBE socket.io#/#*\r\n")
				if _, err := c.Read(make([]byte, 100)); err != nil {
					b.Fatal(err)
				}
				go io.Copy(io.Discard, c)
			}
			began, before := redis.CPU(), redis.Info("total_net_output_bytes")
			for b.Loop() {
				flood(b, redis.Addr(), "nobody")
			}
			spent, bytes := redis.CPU()-began, redis.Info("total_net_output_bytes")-before
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/scaleMessages, "redis-ns/message")
			b.ReportMetric(bytes/float64(b.N)/scaleMessages/float64(servers), "B/message")
			b.ReportMetric(0, "ns/op")
		})
	}
}
