//go:build !race

// For tests that say nothing under the race detector, which makes everything larger.

package app

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// crowd is a gateway with clients in memory: all of the gateway runs, from the HTTP request to the
// frame, but for net/http's reading of the request and for the kernel.
type crowd struct {
	t       testing.TB
	app     *App
	handler http.Handler
	clients []*memoryClient
}

// newCrowd has c's gateway without a listener.
func newCrowd(t testing.TB, n int) *crowd {
	c := testSettings()
	c.DatabaseURL = "none"
	c.RateLimit = 0
	c.MaxConnectionsPerIP = 0 // all come from one
	a, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close(t.Context()) })
	return &crowd{t: t, app: a, handler: a.servers[0].Handler, clients: make([]*memoryClient, n)}
}

// arrive connects client i as a user of its own, who joins a room.
func (w *crowd) arrive(i int) {
	user := fmt.Sprintf("user%07d", i)
	tok, err := token.Mint([]byte(testSecret), user, "Name "+user, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	request := engineclient.AppendRequest(nil, "chat.example", "/socket.io/?"+engineclient.Query, "Cookie: token="+tok)
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		w.t.Fatal(err)
	}
	r.RemoteAddr = "10.1.2.3:4567"
	client := &memoryClient{}
	w.clients[i] = client
	w.handler.ServeHTTP(&hijacked{conn: client}, r)
	client.say("40")
	client.say(`42["join_room","` + roomOfClient(i) + `"]`)
}

// depart closes client i's connection.
func (w *crowd) depart(i int) { w.clients[i].Close() }

// roomSizes are taken in turn, so that each size has as many rooms as the others.
var roomSizes = [...]int{10, 30, 100, 300, 1000}

const roomRound = 10 + 30 + 100 + 300 + 1000

func roomOfClient(i int) string {
	round, rest := i/roomRound, i%roomRound
	for size, people := range roomSizes {
		if rest < people {
			return fmt.Sprintf("room-%06d-%d", round, size)
		}
		rest -= people
	}
	panic("unreachable")
}

// memoryClient is a client and its connection in one. What it is sent it counts and forgets.
type memoryClient struct {
	received atomic.Int64 // bytes

	mu     sync.Mutex
	ready  func()
	said   []byte
	closed bool
	late   bool // the deadline has passed
}

var _ engineio.Polled = (*memoryClient)(nil)

// say has the gateway read one text frame.
func (c *memoryClient) say(text string) {
	frame := ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(text))))
	c.mu.Lock()
	c.said = append(c.said, frame...)
	ready := c.ready
	c.mu.Unlock()
	ready()
}

// idle tells whether all that it said has been read.
func (c *memoryClient) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.said) == 0
}

func (c *memoryClient) Notify(ready func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = ready
}

func (c *memoryClient) TryRead(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, c.said)
	if c.said = c.said[n:]; len(c.said) > 0 {
		return n, nil
	}
	c.said = nil
	if c.closed {
		return n, io.EOF
	}
	return n, nil
}

func (c *memoryClient) TryWrite(p []byte) (int, error) { return c.Write(p) }

// Write takes whole frames, and answers the pings among them.
func (c *memoryClient) Write(p []byte) (int, error) {
	c.received.Add(int64(len(p)))
	for frames := p; len(frames) > 2 && frames[0] == 0x81; {
		header, size := 2, int(frames[1])
		switch size {
		case 126:
			header, size = 4, int(binary.BigEndian.Uint16(frames[2:]))
		case 127:
			header, size = 10, int(binary.BigEndian.Uint64(frames[2:]))
		}
		if string(frames[header:header+size]) == "2" {
			c.say("3")
		}
		frames = frames[header+size:]
	}
	return len(p), nil
}

func (c *memoryClient) Read(p []byte) (int, error) { return 0, io.ErrNoProgress }

func (c *memoryClient) Close() error {
	c.mu.Lock()
	c.closed = true
	ready := c.ready
	c.mu.Unlock()
	if ready != nil {
		ready()
	}
	return nil
}

func (c *memoryClient) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = !t.IsZero() && t.Before(time.Now())
	return nil
}

func (c *memoryClient) SetReadDeadline(t time.Time) error { return c.SetDeadline(t) }
func (c *memoryClient) SetWriteDeadline(time.Time) error  { return nil }
func (c *memoryClient) LocalAddr() net.Addr               { return &net.TCPAddr{} }
func (c *memoryClient) RemoteAddr() net.Addr              { return &net.TCPAddr{} }

// hijacked answers a handshake with the client's own connection.
type hijacked struct {
	conn   *memoryClient
	header http.Header
}

func (h *hijacked) Header() http.Header {
	if h.header == nil {
		h.header = make(http.Header)
	}
	return h.header
}
func (h *hijacked) Write(p []byte) (int, error) { return len(p), nil }
func (h *hijacked) WriteHeader(int)             {}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}
