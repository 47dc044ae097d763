package engineclient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stream is a server that has said its all, and a record of what it is told.
type stream struct {
	net.Conn
	said io.Reader
	told bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) { return s.told.Write(p) }

func hearing(frames []byte) (*Conn, *stream) {
	s := &stream{said: bytes.NewReader(frames)}
	return New(s, bufio.NewReader(s.said)), s
}

func frames(list ...ws.Frame) (b []byte) {
	for _, f := range list {
		b = append(b, ws.MustCompileFrame(f)...)
	}
	return b
}

func TestPacketIsWholeWhateverItsFramesAndPingsBetween(t *testing.T) {
	t.Parallel()
	c, server := hearing(frames(
		ws.NewFrame(ws.OpText, false, []byte("4a")), ws.NewPingFrame([]byte("x")), ws.NewFrame(ws.OpContinuation, true, []byte("b")),
		ws.NewTextFrame([]byte("2")), ws.NewPongFrame(nil), ws.NewBinaryFrame([]byte("c")),
		ws.NewTextFrame([]byte("4d")), ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")),
	))
	for i, next := range []func() (string, error){c.Packet, c.Next, func() (string, error) { return c.Await("4") }} {
		if got, err := next(); err != nil || got != []string{"4ab", "c", "4d"}[i] {
			t.Errorf("packet %d is %q, %v", i, got, err)
		}
	}
	var closed *Closed
	if _, err := c.Next(); !errors.As(err, &closed) || closed.Code != 1001 {
		t.Errorf("got %v, want a close frame's 1001", err)
	}
	if _, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
	for _, want := range []ws.Frame{ws.NewPongFrame([]byte("x")), ws.NewTextFrame([]byte("3"))} {
		got, err := ws.ReadFrame(&server.told)
		if got = ws.UnmaskFrame(got); err != nil || got.Header.OpCode != want.Header.OpCode || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("the server is told %v %q, %v", got.Header.OpCode, got.Payload, err)
		}
	}
}

func TestServerThatSaysTooMuchIsNotBelieved(t *testing.T) {
	t.Parallel()
	var claim bytes.Buffer
	ws.WriteHeader(&claim, ws.Header{Fin: true, OpCode: ws.OpText, Length: mostPayload + 1})
	half := ws.NewFrame(ws.OpContinuation, false, make([]byte, mostPayload/2+1))
	for name, said := range map[string][]byte{"a frame": claim.Bytes(), "fragments": frames(half, half)} {
		c, _ := hearing(said)
		if _, err := c.Packet(); !errors.Is(err, errTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRefusalKeepsItsBodyUpToALimit(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Cookie", r.Header.Get("Cookie"))
		http.Error(w, strings.Repeat("x", 2*mostBody), http.StatusTeapot)
	}))
	defer web.Close()
	_, err := Dialer{Header: http.Header{"Cookie": {"a=b"}}}.Dial(t.Context(), "ws"+strings.TrimPrefix(web.URL, "http")+"/?"+Query)
	var refused Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusTeapot || refused.Header.Get("X-Cookie") != "a=b" {
		t.Fatalf("got %v", err)
	}
	if n := len(refused.Body); n == 0 || n > mostBody {
		t.Errorf("%d bytes of the body are kept", n)
	}
}

func FuzzServer(f *testing.F) {
	f.Add(frames(ws.NewFrame(ws.OpText, false, []byte("4a")), ws.NewPingFrame(nil), ws.NewFrame(ws.OpContinuation, true, nil)))
	f.Add(frames(ws.NewTextFrame([]byte(`0{"sid":"x","pingInterval":25000}`)), ws.NewCloseFrame([]byte{3})))
	f.Fuzz(func(t *testing.T, said []byte) {
		c, _ := hearing(said)
		for {
			packet, err := c.Next()
			if err != nil {
				return
			}
			if o, err := ParseOpening(packet); err == nil && o.SID == "" {
				t.Errorf("%q is taken for an opening", packet)
			}
		}
	})
}
