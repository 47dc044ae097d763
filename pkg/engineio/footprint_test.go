//go:build !race

// The race detector makes every frame of a stack larger, so that these say nothing under it.

package engineio

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// A connection that has talked and is idle keeps no goroutine: on Linux epoll waits for all of them.
// Not parallel: stacks are counted for the whole process.
func TestIdleConnectionsKeepNoStacks(t *testing.T) {
	const connections = 1500
	h := &recorder{opened: make(chan *Session, connections), closed: make(chan Reason, connections)}
	server, address := serve(t, h, Options{})
	before := stacks()
	for range connections {
		c := dialOpen(t, address)
		c.send("4hello")
		c.expect("4hello")
		c.raw(frame(finText, "4hello again")[:7])
	}
	grown := stacks() - before
	if n := server.Sessions(); n != connections {
		t.Fatalf("%d sessions, want %d", n, connections)
	}
	each := float64(grown) / connections
	t.Logf("%.0f bytes of stack each", each)
	most := 512.0 // all the stacks that are there anyhow are among it
	if runtime.GOOS != "linux" {
		most = 9 << 10
	}
	if each > most {
		t.Errorf("%.0f bytes of stack each, want at most %.0f", each, most)
	}
}

// What a client said last is not kept until it says more. Not parallel: the heap is the whole process'.
func TestIdleConnectionsKeepNothingOfALargeMessage(t *testing.T) {
	const connections, size = 20, 900_000
	for name, start := range map[string]func(*httptest.Server){
		"TCP": (*httptest.Server).Start,
		"TLS": (*httptest.Server).StartTLS,
	} {
		h := newRecorder()
		server := New(h, Options{})
		web := httptest.NewUnstartedServer(server)
		start(web)
		dialer := engineclient.Dialer{TLS: &tls.Config{InsecureSkipVerify: true}}
		clients := make([]*client, connections)
		for i := range clients {
			c, err := try(t, dialer, "ws"+strings.TrimPrefix(web.URL, "http")+handshakeQuery)
			if err != nil {
				t.Fatal(err)
			}
			clients[i] = c.skipOpen()
		}
		before := heapInUse()
		for _, c := range clients {
			text := "4" + strings.Repeat("x", size)
			c.send(text)
			c.expect(text)
		}
		var each int64
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); { // the last may still be at it
			if each = (heapInUse() - before) / connections; each < size/10 {
				break
			}
		}
		t.Logf("%s: %d bytes each", name, each)
		if each >= size/10 {
			t.Errorf("%s: an idle connection keeps %d bytes", name, each)
		}
		for _, c := range clients {
			c.conn.Close()
		}
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	}
}

func stacks() uint64 {
	runtime.GC() // frees those of goroutines that have ended
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}

// BenchmarkConnect is a whole session: handshake, open packet, close.
func BenchmarkConnect(b *testing.B) {
	h := newRecorder()
	h.opened, h.closed = make(chan *Session, 1), make(chan Reason, 1)
	_, address := serve(b, h, Options{})
	b.ReportAllocs()
	for b.Loop() {
		conn, err := engineclient.Dialer{}.Dial(b.Context(), "ws://"+address+handshakeQuery)
		if err != nil {
			b.Fatal(err)
		}
		<-h.opened
		conn.Close()
		<-h.closed
	}
}

// BenchmarkPolling is a session of long-polling: handshake, a message and its echo. The client is a part of it, and always the same.
func BenchmarkPolling(b *testing.B) {
	for name, byDoor := range map[string]bool{"door": true, "nethttp": false} {
		b.Run(name, func(b *testing.B) {
			h := newRecorder()
			server := New(h, Options{})
			web := httptest.NewUnstartedServer(server)
			if byDoor {
				web.Listener = server.Door(web.Listener, DoorOptions{Takes: func(*http.Request) bool { return true }})
			}
			web.Start()
			defer web.Close()
			defer server.Shutdown(b.Context())
			e := &entrance{t: b, Server: server, web: web}
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				conn := e.dial()
				e.asks(conn, pollRequest("GET", ""))
				s := <-h.opened
				e.asks(conn, postRequest("&sid="+s.ID(), "4hello"))
				e.asks(conn, pollRequest("GET", "&sid="+s.ID()))
				conn.Close()
				s.end(ForcedClose)
				<-h.closed
			}
			b.ReportMetric(float64((cpuTime()-start).Microseconds())/float64(b.N), "us-cpu/op")
		})
	}
}
