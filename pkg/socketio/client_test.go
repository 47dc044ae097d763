package socketio

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// patience is how long a test waits for what must happen: longer than any timeout of the protocol,
// since some tests wait on fake time.
const patience = time.Minute

// memory is a network of net.Pipes, and the server on it. It works on fake time too.
type memory struct {
	t      testing.TB
	server *Server
	ended  chan engineio.Reason
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

// serve starts a server that the test's end shuts down. Setup makes its namespaces.
func serve(t testing.TB, o Options, setup func(*Server)) *memory {
	t.Helper()
	m := &memory{t: t, ended: make(chan engineio.Reason, 1000), conns: make(chan net.Conn), closed: make(chan struct{})}
	o.Engine.Observer = m
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m.server = NewServer(o)
	setup(m.server)
	web := &http.Server{Handler: m.server}
	serving := make(chan struct{})
	go func() { web.Serve(m); close(serving) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
		<-serving
	})
	return m
}

func (m *memory) SessionOpened()                       {}
func (m *memory) HandshakeRefused(string)              {}
func (m *memory) SessionClosed(reason engineio.Reason) { m.ended <- reason }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.close.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

// client speaks the protocol by hand.
type client struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
}

// dial returns a client that has had the open packet.
func (m *memory) dial() *client {
	m.t.Helper()
	here, there := net.Pipe()
	m.conns <- there
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return here, nil }}
	conn, early, _, err := dialer.Dial(context.Background(), "ws://memory/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		m.t.Fatalf("dial: %v", err)
	}
	m.t.Cleanup(func() { conn.Close() })
	var reader io.Reader = conn
	if early != nil {
		reader = io.MultiReader(early, conn)
	}
	c := &client{m.t, conn, bufio.NewReader(reader)}
	if open, err := c.frame(); err != nil || !strings.HasPrefix(open, "0{") {
		m.t.Fatalf("got %q, %v, want an open packet", open, err)
	}
	return c
}

// connect is dial, and joining a namespace.
func (m *memory) connect(namespace string) *client {
	m.t.Helper()
	c := m.dial()
	c.join(namespace)
	return c
}

var sidReply = regexp.MustCompile(`^\{"sid":"([A-Za-z0-9_-]{20})"\}$`)

// join joins a namespace and returns the id of the new socket.
func (c *client) join(namespace string) string {
	c.t.Helper()
	head := "0"
	if namespace != "/" {
		head += namespace + ","
	}
	c.say(head)
	got := c.hear()
	match := sidReply.FindStringSubmatch(strings.TrimPrefix(got, head))
	if !strings.HasPrefix(got, head) || match == nil {
		c.t.Fatalf("CONNECT was answered by %q", got)
	}
	return match[1]
}

// say sends a Socket.IO packet.
func (c *client) say(packet string) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := wsutil.WriteClientText(c.conn, []byte("4"+packet)); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

var errCloseFrame = errors.New("close frame")

// frame returns the next frame, answering the engine's pings.
func (c *client) frame() (string, error) {
	for {
		c.conn.SetDeadline(time.Now().Add(patience))
		header, err := ws.ReadHeader(c.reader)
		if err != nil {
			return "", err
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(c.reader, payload); err != nil {
			return "", err
		}
		switch {
		case header.OpCode == ws.OpClose:
			return "", errCloseFrame
		case string(payload) == "2":
			wsutil.WriteClientText(c.conn, []byte("3"))
		default:
			return string(payload), nil
		}
	}
}

// hear returns the next Socket.IO packet.
func (c *client) hear() string {
	c.t.Helper()
	got, err := c.frame()
	if err != nil || !strings.HasPrefix(got, "4") {
		c.t.Fatalf("got %q, %v, want a packet", got, err)
	}
	return got[1:]
}

func (c *client) expect(want string) {
	c.t.Helper()
	if got := c.hear(); got != want {
		c.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// expectClosed expects the end of the connection next, and nothing before it.
func (c *client) expectClosed() {
	c.t.Helper()
	got, err := c.frame()
	if !errors.Is(err, errCloseFrame) && !errors.Is(err, io.EOF) {
		c.t.Fatalf("got %q, %v, want the end", got, err)
	}
	c.conn.Close()
}

// expectAlive checks that the connection works and that nothing else has come.
func (c *client) expectAlive() {
	c.t.Helper()
	c.say("0/none")
	c.expect(`4/none,{"message":"Invalid namespace"}`)
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

func (m *memory) expectEnd(want engineio.Reason) {
	m.t.Helper()
	if got := within(m.t, m.ended, "the end of a connection"); got != want {
		m.t.Errorf("reason %q, want %q", got, want)
	}
}
