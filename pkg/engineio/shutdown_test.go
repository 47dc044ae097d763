package engineio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

func TestShutdownDeliversWhatIsQueued(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	server, address := serve(t, h, Options{SendQueueBytes: 64 << 20, CloseGrace: patience})
	const count = 300
	c := dialOpen(t, address)
	s := within(t, h.opened, "the session")
	for i := range count {
		s.Send(numbered(i, 20_000))
	}
	result := make(chan error, 1)
	go func() { result <- server.Shutdown(t.Context()) }()
	c.expectNumbered(count)
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
	c.conn.Close()
	if err := within(t, result, "Shutdown"); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if reason := within(t, h.closed, "the end"); reason != ShuttingDown {
		t.Errorf("reason %q, want %q", reason, ShuttingDown)
	}
}

func TestDrainRefusesNewClientsAndKeepsTheOthers(t *testing.T) {
	t.Parallel()
	seen := newCauses()
	server, address := serve(t, newRecorder(), Options{Observer: seen})
	c := dialOpen(t, address)
	server.Drain()
	status, _, body := ask(t, address, "GET", "?EIO=4&transport=websocket", upgradeLines...)
	if status != http.StatusServiceUnavailable || body != "Service unavailable" {
		t.Errorf("a new client got %d %q", status, body)
	}
	if cause := within(t, seen.refused, "the count"); cause != CauseDraining {
		t.Errorf("cause %q, want %q", cause, CauseDraining)
	}
	c.send("4still here")
	c.expect("4still here")
}

func TestShutdownCutsOffWhatIsLeftWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		server, network := serveMemory(t, h, Options{CloseGrace: time.Hour})
		c := network.dialOpen() // and reads nothing more
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shutdown: %v, want DeadlineExceeded", err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("shutdown took %v, want 5s", took)
		}
		if reason := <-h.closed; reason != ShuttingDown {
			t.Errorf("reason %q, want %q", reason, ShuttingDown)
		}
		if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection: %v, want EOF", err)
		}
	})
}

// Clients are at every step of their handshakes when Shutdown comes. Each is refused or closed, and
// Shutdown waits for all of them: none has an open session when it returns.
func TestShutdownDuringHandshakes(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newRecorder()
		server, address := serve(t, h, Options{CloseGrace: patience})
		started, finished := make(chan struct{}, 100), make(chan struct{})
		for range 8 {
			go func() {
				defer func() { finished <- struct{}{} }()
				for {
					started <- struct{}{}
					c, err := try(t, engineclient.Dialer{}, "ws://"+address+handshakeQuery)
					if err != nil {
						return
					}
					c.closed()
					c.conn.Close()
				}
			}()
		}
		for range 8 {
			within(t, started, "a client")
		}
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are open after Shutdown", n)
		}
		if opened, closed := len(h.opened), len(h.closed); opened != closed {
			t.Errorf("%d sessions were opened, and %d told of their end", opened, closed)
		}
		for range 8 {
			within(t, finished, "a client's end")
		}
	}
}

func TestShutdownTwiceAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	server, address := serve(t, newRecorder(), Options{})
	c := dialOpen(t, address)
	results := make(chan error)
	for range 2 {
		go func() { results <- server.Shutdown(t.Context()) }()
	}
	c.closed()
	c.conn.Close()
	for range 2 {
		if err := within(t, results, "Shutdown"); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown again: %v", err)
	}
}

// A session whose client is gone before the handshake is over must not stay in the server's books.
func TestClientGoneDuringTheHandshakeLeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		h.onOpen = func(s *Session) { s.end(TransportError) }
		server, network := serveMemory(t, h, Options{})
		for range 10 {
			if c, err := network.try(handshakeQuery); err == nil { // the answer may have been on the way already
				c.closed()
			}
			synctest.Wait()
			if n := server.Sessions(); n != 0 {
				t.Fatalf("%d sessions are left", n)
			}
		}
	})
}
