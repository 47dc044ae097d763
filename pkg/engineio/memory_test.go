package engineio

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// memory is a network for tests on fake time.
type memory struct {
	*engineclient.Pipes
	t *testing.T
}

// serveMemory is serve on fake time. Synctest's clock only moves on when everybody waits.
func serveMemory(t *testing.T, h Handler, o Options) (*Server, *memory) {
	t.Helper()
	return serveMemoryBy(t, h, o, &http.Server{}, false)
}

// serveMemoryBy is serveMemory with these timeouts, and by a Door or by net/http alone.
func serveMemoryBy(t *testing.T, h Handler, o Options, web *http.Server, byDoor bool) (*Server, *memory) {
	t.Helper()
	network := &memory{engineclient.NewPipes(), t}
	server := New(h, o)
	web.Handler = server
	listener := net.Listener(network)
	if byDoor {
		d := server.Door(listening{network, newWatchedPipe}, DoorOptions{
			Takes:         func(r *http.Request) bool { return r.URL.Path == "/engine.io/" },
			HeaderTimeout: web.ReadHeaderTimeout, IdleTimeout: cmp.Or(web.IdleTimeout, time.Hour),
		})
		web.ConnContext, listener = d.ConnContext, d
	}
	go web.Serve(listener)
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

func (m *memory) connect() net.Conn {
	m.t.Helper()
	conn, err := m.Dial(context.Background(), "", "")
	if err != nil {
		m.t.Errorf("connect: %v", err)
	}
	return conn
}

// try is dial for handshakes that may be refused.
func (m *memory) try(query string) (*client, error) {
	conn, err := engineclient.Dialer{NetDial: m.Dial}.Dial(context.Background(), "ws://memory"+query)
	if err != nil {
		return nil, err
	}
	return newClient(m.t, conn), nil
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
