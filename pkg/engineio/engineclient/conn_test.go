package engineclient

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPacketsAreWholeAndPingsAnswered(t *testing.T) {
	t.Parallel()
	network := NewPipes()
	heard := make(chan string, 3)
	go func() {
		defer close(heard)
		server, _ := network.Accept()
		defer server.Close()
		if _, err := ws.Upgrade(server); err != nil {
			t.Errorf("upgrade: %v", err)
		}
		var said bytes.Buffer
		for _, f := range []ws.Frame{
			ws.NewFrame(ws.OpText, false, []byte("4a")), ws.NewPingFrame([]byte("of the WebSocket")), ws.NewFrame(ws.OpContinuation, true, []byte("b")),
			ws.NewTextFrame([]byte("2")), ws.NewPongFrame(nil), ws.NewBinaryFrame([]byte("c")),
			ws.NewTextFrame([]byte("4d")), ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")),
		} {
			ws.WriteFrame(&said, f)
		}
		go server.Write(said.Bytes()) // a pipe holds nothing
		for range cap(heard) {
			header, _ := ws.ReadHeader(server)
			payload := make([]byte, header.Length)
			io.ReadFull(server, payload)
			ws.Cipher(payload, header.Mask, 0)
			heard <- string(payload)
		}
	}()
	c, err := Dialer{NetDial: network.Dial, Step: time.Second}.Dial(t.Context(), "ws://memory/?"+Query)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, next := range []func() (string, error){c.Packet, c.Next, func() (string, error) { return c.Await("4") }} {
		if got, err := next(); err != nil || got != []string{"4ab", "c", "4d"}[i] {
			t.Errorf("packet %d is %q, %v", i, got, err)
		}
	}
	if _, err := c.Next(); !errors.As(err, new(wsutil.ClosedError)) {
		t.Errorf("got %v, want a close frame", err)
	}
	if _, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
	c.Close()
	for _, want := range []string{"of the WebSocket", "3", "\x03\xe9"} {
		if got := <-heard; got != want {
			t.Errorf("the server heard %q, want %q", got, want)
		}
	}
}

func TestRefusalKeepsItsBodyUpToALimit(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte(r.Header.Get("Cookie")), mostBody))
	}))
	defer web.Close()
	_, err := Dialer{Header: http.Header{"Cookie": {"a=b"}}}.Dial(t.Context(), "ws"+strings.TrimPrefix(web.URL, "http")+"/?"+Query)
	var refused Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusOK || !strings.HasPrefix(refused.Body, "a=ba=b") || len(refused.Body) > mostBody {
		t.Errorf("got %v with %d bytes", err, len(refused.Body))
	}
}
