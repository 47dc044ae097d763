package engineio

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMessagesComeBackInOrder(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	c := dialOpen(t, address)
	for i := range 500 {
		c.send(fmt.Sprintf("4%d", i))
	}
	for i := range 500 {
		if got, want := c.read(), fmt.Sprintf("4%d", i); got != want {
			t.Fatalf("message %d: got %q, want %q", i, got, want)
		}
	}
}

func TestLargeMessagesPass(t *testing.T) {
	t.Parallel()
	_, address := serve(t, newRecorder(), Options{})
	c := dialOpen(t, address)
	for _, size := range []int{125, 126, 65535, 65536, 900_000} {
		text := "4" + strings.Repeat("x", size)
		c.send(text)
		if got := c.read(); got != text {
			t.Fatalf("message of %d bytes came back as %d", len(text), len(got))
		}
	}
}

func TestClientCloseEndsTheSession(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, h, Options{})
	c := dialOpen(t, address)
	c.conn.Close()
	if got := within(t, h.closed, "the end"); got != TransportClose {
		t.Errorf("reason %q, want %q", got, TransportClose)
	}
	deadline := time.Now().Add(patience)
	for server.Sessions() != 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
}
