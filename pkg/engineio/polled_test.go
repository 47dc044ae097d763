package engineio

import (
	"context"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
)

// listening is a listener that makes something else of every connection.
type listening struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l listening) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(conn), nil
}

// serveOn is serve on a listener of the test's.
func serveOn(t *testing.T, h Handler, o Options, wrap func(net.Conn) net.Conn) (*Server, string) {
	t.Helper()
	server := New(h, o)
	web := httptest.NewUnstartedServer(server)
	web.Listener = listening{web.Listener, wrap}
	web.Start()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return server, web.Listener.Addr().String()
}

// notifying is the smallest Polled: it reads ahead.
type notifying struct {
	net.Conn
	listen sync.Once

	mu    sync.Mutex
	ahead []byte
	end   error
}

func (n *notifying) Notify(ready func()) {
	n.listen.Do(func() {
		go func() {
			for end := error(nil); end == nil; ready() {
				var count int
				p := make([]byte, 512)
				count, end = n.Conn.Read(p)
				n.mu.Lock()
				n.ahead, n.end = append(n.ahead, p[:count]...), end
				n.mu.Unlock()
			}
		}()
	})
}

func (n *notifying) TryRead(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := copy(p, n.ahead)
	if n.ahead = n.ahead[count:]; len(n.ahead) > 0 {
		return count, nil
	}
	return count, n.end
}

func (n *notifying) TryWrite(p []byte) (int, error) { return n.Conn.Write(p) }

// One server may have both: a goroutine that ends one kind must not look at what another opens for the other.
func TestPolledConnectionsAndTheKernelsShareAServer(t *testing.T) {
	t.Parallel()
	for range 20 {
		var mu sync.Mutex
		polled := false
		h := newRecorder()
		_, address := serveOn(t, h, Options{CloseGrace: patience}, func(conn net.Conn) net.Conn {
			mu.Lock()
			defer mu.Unlock()
			if polled = !polled; polled {
				return &notifying{Conn: conn}
			}
			return conn
		})
		var clients sync.WaitGroup
		for range 2 {
			clients.Go(func() {
				c := dialOpen(t, address)
				c.send("4hello")
				c.expect("4hello")
				c.raw(frame(finClose, ""))
				if code := c.closed(); code != 1005 {
					t.Errorf("close code %d, want 1005", code)
				}
				if reason := within(t, h.closed, "the end"); reason != TransportClose {
					t.Errorf("reason %q, want %q", reason, TransportClose)
				}
			})
		}
		clients.Wait()
	}
}
