package engineio

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// Who can't be watched (the kernel has no room, say) gets a goroutine, and must not be left to nobody.
func TestConnectionThatEpollRefusesIsKnownToBeUnwatched(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	e, err := newEpoll()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	c := &websocket{conn: conn, pipe: newPipe(conn)}
	if err := e.watch(c); err != nil {
		t.Fatal(err)
	}
	if err := e.watch(c); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("watched twice: %v, want EEXIST", err)
	}
}
