//go:build !race

// The race detector makes every frame of a stack larger, so that these say nothing under it.

package engineio

import (
	"context"
	"runtime"
	"testing"

	"github.com/gobwas/ws"
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
		conn, _, _, err := ws.Dial(context.Background(), "ws://"+address+handshakeQuery)
		if err != nil {
			b.Fatal(err)
		}
		<-h.opened
		conn.Close()
		<-h.closed
	}
}
