package netpoll

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// echo is the Owner of a connection that gets back what it says.
type echo struct {
	conn  Conn
	gone  func()
	queue queue
}

// queue is what an echo has to write.
type queue struct {
	mu      sync.Mutex
	waiting frames
	writing bool
}

type frames [][]byte

func (f frames) Len() int           { return len(f) }
func (f frames) Frame(i int) []byte { return f[i] }

func (q *queue) add(data []byte) (wake bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, append([]byte(nil), data...))
	wake = !q.writing
	q.writing = true
	return wake
}

func (q *queue) Take() Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.waiting
	q.waiting = nil
	return b
}

func (q *queue) Written(Batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing = len(q.waiting) > 0
	return q.writing
}

func (e *echo) Listening() bool  { return true }
func (e *echo) ReadFailed() bool { return false }
func (e *echo) Gone()            { e.conn.Close(); e.gone() }

func (e *echo) Received(data []byte) {
	if e.queue.add(data) {
		e.conn.Wake()
	}
}

func (e *echo) Take() Batch          { return e.queue.Take() }
func (e *echo) Written(b Batch) bool { return e.queue.Written(b) }
func (e *echo) WriteFailed(Batch)    { e.conn.Cut() }

// serve echoes what comes by the connections that wrap makes of those that are accepted.
func serve(t *testing.T, wrap func(net.Conn) net.Conn) (p *Poller, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, Listen(listener), wrap)
}

// serveOn is serve for the connections of this listener.
func serveOn(t *testing.T, listener net.Listener, wrap func(net.Conn) net.Conn) (p *Poller, address string) {
	t.Helper()
	p = New()
	var accepting, open sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil: // no descriptors are left: wait until there are
				runtime.Gosched()
				continue
			}
			open.Add(1)
			e := &echo{gone: open.Done}
			p.Init(&e.conn, wrap(conn), e)
			e.conn.Start()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		accepting.Wait()
		open.Wait()
		p.Close()
	})
	return p, listener.Addr().String()
}

func plain(conn net.Conn) net.Conn { return conn }

// dial returns a connection that is closed before the server waits for its end.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echoes checks that the server sends back what it is told.
func echoes(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	hears(t, conn, text)
}

func hears(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("got %q, %v, want %q", got[:n], err, text)
	}
}
