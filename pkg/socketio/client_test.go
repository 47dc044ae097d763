package socketio

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws/wsutil"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// patience is how long a test waits for what must happen: longer than any timeout of the protocol,
// since some tests wait on fake time.
const patience = time.Minute

// memory is a network in memory, and the server on it. It works on fake time too.
type memory struct {
	*engineclient.Pipes
	t      testing.TB
	server *Server
	ended  chan engineio.Reason
}

// serve starts a server that the test's end shuts down. Setup makes its namespaces.
func serve(t testing.TB, o Options, setup func(*Server)) *memory {
	t.Helper()
	m := &memory{Pipes: engineclient.NewPipes(), t: t, ended: make(chan engineio.Reason, 1000)}
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

// client speaks the protocol by hand.
type client struct {
	t    testing.TB
	conn *engineclient.Conn
}

// dial returns a client that has had the open packet.
func (m *memory) dial() *client {
	m.t.Helper()
	dialer := engineclient.Dialer{NetDial: m.Dial, Step: patience}
	conn, err := dialer.Dial(context.Background(), "ws://memory/socket.io/?"+engineclient.Query)
	if err != nil {
		m.t.Fatalf("dial: %v", err)
	}
	m.t.Cleanup(func() { conn.Close() })
	c := &client{m.t, conn}
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
	if err := c.conn.Say("4" + packet); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// frame returns the next packet of the engine, past its pings.
func (c *client) frame() (string, error) { return c.conn.Next() }

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
	if closed := new(wsutil.ClosedError); !errors.As(err, closed) && !errors.Is(err, io.EOF) {
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
