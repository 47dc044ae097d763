package engineio

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// memory is a network of net.Pipes, for tests on fake time. A pipe holds nothing: what the server
// writes waits until the client reads it.
type memory struct {
	t      *testing.T
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

// serveMemory is serve on fake time. Synctest's clock only moves on when everybody waits.
func serveMemory(t *testing.T, h Handler, o Options) (*Server, *memory) {
	t.Helper()
	return serveMemoryBy(t, h, o, &http.Server{})
}

func serveMemoryBy(t *testing.T, h Handler, o Options, web *http.Server) (*Server, *memory) {
	t.Helper()
	network := &memory{t: t, conns: make(chan net.Conn), closed: make(chan struct{})}
	server := New(h, o)
	web.Handler = server
	go web.Serve(network)
	t.Cleanup(func() {
		if err := server.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
		time.Sleep(time.Second) // net/http holds on to some connections for half of that
		synctest.Wait()
	})
	return server, network
}

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

func (m *memory) connect() net.Conn {
	here, there := net.Pipe()
	m.conns <- there
	return here
}

// try is dial for handshakes that may be refused.
func (m *memory) try(query string) (*client, error) {
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return m.connect(), nil }}
	conn, early, _, err := dialer.Dial(context.Background(), "ws://memory"+query)
	if err != nil {
		return nil, err
	}
	return newClient(m.t, conn, early), nil
}

// dialOpen dials and reads the open packet.
func (m *memory) dialOpen() *client {
	m.t.Helper()
	c, err := m.try(handshakeQuery)
	if err != nil {
		m.t.Fatalf("dial: %v", err)
	}
	return c.skipOpen()
}
