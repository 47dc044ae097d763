package engineio

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
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

// TLS has no file descriptor to wait for or to write to without blocking.
func TestSessionsWorkOverTLS(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server := New(h, Options{CloseGrace: patience})
	web := httptest.NewTLSServer(server)
	defer web.Close()
	dialer := engineclient.Dialer{TLS: &tls.Config{InsecureSkipVerify: true}}
	c, err := try(t, dialer, "wss"+strings.TrimPrefix(web.URL, "https")+handshakeQuery)
	if err != nil {
		t.Fatal(err)
	}
	c.skipOpen()
	for i := range 100 {
		c.send(fmt.Sprintf("4%d", i))
	}
	for i := range 100 {
		c.expect(fmt.Sprintf("4%d", i))
	}
	done := make(chan error, 1)
	go func() { done <- server.Shutdown(context.Background()) }()
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
	c.raw(frame(finClose, ""))
	if err := within(t, done, "Shutdown"); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}
