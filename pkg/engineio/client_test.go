package engineio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// recorder is a Handler that echoes messages and remembers how each session ended.
type recorder struct {
	opened chan *Session
	closed chan Reason
	onOpen func(*Session)
	heard  func(data []byte) // told of each message, if set; only before the first
}

type echo struct {
	session  *Session
	recorder *recorder
}

func newRecorder() *recorder {
	return &recorder{opened: make(chan *Session, 100), closed: make(chan Reason, 100)}
}

func (h *recorder) Open(s *Session, r *http.Request) Receiver {
	if h.onOpen != nil {
		h.onOpen(s)
	}
	h.opened <- s
	return &echo{s, h}
}

func (e *echo) Message(data []byte, binary bool) {
	if e.recorder.heard != nil {
		e.recorder.heard(data)
	}
	if binary {
		e.session.Send(BinaryMessage(data))
		return
	}
	e.session.Send(Message(data))
}

func (e *echo) Closed(reason Reason) { e.recorder.closed <- reason }

// serve starts a server that the test's end shuts down.
func serve(t testing.TB, h Handler, o Options) (server *Server, address string) {
	t.Helper()
	server = New(h, o)
	web := httptest.NewUnstartedServer(server)
	web.Listener = server.Door(web.Listener, DoorOptions{Takes: func(*http.Request) bool { return true }})
	web.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return server, strings.TrimPrefix(web.URL, "http://")
}

// client is a client that is as rude as the test wants.
type client struct {
	t    testing.TB
	conn *engineclient.Conn
}

const handshakeQuery = "/engine.io/?" + engineclient.Query

func dial(t testing.TB, address string) *client {
	t.Helper()
	c, err := try(t, engineclient.Dialer{}, "ws://"+address+handshakeQuery)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	return c
}

// try is dial for other dialers, and for handshakes that may be refused.
func try(t testing.TB, d engineclient.Dialer, url string) (*client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := d.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	return newClient(t, conn), nil
}

func newClient(t testing.TB, conn *engineclient.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn}
}

// dialOpen dials and reads the open packet.
func dialOpen(t testing.TB, address string) *client {
	t.Helper()
	return dial(t, address).skipOpen()
}

func (c *client) skipOpen() *client {
	c.t.Helper()
	if got := c.read(); !strings.HasPrefix(got, `0{"sid":"`) {
		c.t.Fatalf("first packet %q, want an open packet", got)
	}
	return c
}

// raw sends bytes as they are.
func (c *client) raw(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.conn.Say(text); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// next returns the next frame of the server.
func (c *client) next() (ws.OpCode, string, error) {
	header, err := ws.ReadHeader(c.conn)
	if err != nil {
		return 0, "", err
	}
	payload := make([]byte, header.Length)
	_, err = io.ReadFull(c.conn, payload)
	return header.OpCode, string(payload), err
}

func (c *client) read() string {
	c.t.Helper()
	opcode, payload, err := c.next()
	if err != nil || opcode == ws.OpClose {
		c.t.Fatalf("read: opcode %v, %q, %v", opcode, payload, err)
	}
	return payload
}

// closed reads to the end and returns the code of the close frame: 1005 for a frame without a
// code, 0 for a connection that ended without a frame.
func (c *client) closed() int {
	c.t.Helper()
	for {
		opcode, payload, err := c.next()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
			return 0
		case err != nil:
			c.t.Fatalf("waiting for the close: %v", err)
		case opcode == ws.OpClose && payload == "":
			return int(ws.StatusNoStatusRcvd)
		case opcode == ws.OpClose:
			code, _ := ws.ParseCloseFrameData([]byte(payload))
			return int(code)
		}
	}
}

func within[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}
