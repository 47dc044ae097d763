package engineio

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// narrow is a Door for so many arrivals at a time, whose listener hands over a connection once the test says so.
type narrow struct {
	*Server
	door    *Door
	address string
	over    chan struct{} // a connection is handed over for each
	taken   atomic.Int32
	refused atomic.Int32
}

func openNarrow(t *testing.T, places int32, takes func(*http.Request) bool) *narrow {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &narrow{Server: New(newRecorder(), Options{}), address: l.Addr().String(), over: make(chan struct{}, 100)}
	n.door = n.Door(handed{l, n.over}, DoorOptions{
		Takes: takes,
		Arrive: func(net.Conn) (any, bool) {
			if n.taken.Add(1) > places {
				n.taken.Add(-1)
				n.refused.Add(1)
				return nil, false
			}
			return nil, true
		},
		Depart: func(any) { n.taken.Add(-1) },
	})
	onward := make(chan struct{})
	go func() {
		defer close(onward)
		for conn, err := n.door.Accept(); err == nil; conn, err = n.door.Accept() {
			n.taken.Add(-1)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		close(n.over)
		n.door.Close()
		<-onward
		if err := n.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		if left := n.taken.Load(); left != 0 {
			t.Errorf("%d places are taken in the end", left)
		}
	})
	return n
}

type handed struct {
	net.Listener
	over chan struct{}
}

func (h handed) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err == nil {
		<-h.over
	}
	return conn, err
}

// say dials and says something, which has come when the connection is handed over.
func (n *narrow) say(t *testing.T, what string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", n.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, what)
	n.over <- struct{}{}
	return conn
}

func anything(*http.Request) bool { return true }

// Two thousand connections that said nothing locked out everybody else behind their address, cookie or not.
func TestWhoTakesLongestForItsHeadGivesWay(t *testing.T) {
	t.Parallel()
	n := openNarrow(t, 2, anything)
	silent := n.say(t, "")
	slow := n.say(t, "GET /engine.io/?EIO=4&tr")
	for range 3 {
		conn := n.say(t, upgradeRequest(handshakeQuery))
		if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("a client did not get in: %v, %v", got, err)
		}
	}
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the eldest was told %v", err)
	}
	io.WriteString(slow, upgradeRequest(handshakeQuery)[len("GET /engine.io/?EIO=4&tr"):])
	if got, err := http.ReadResponse(bufio.NewReader(slow), nil); err != nil || got.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("one gave way for whom there was a place: %v, %v", got, err)
	}
	if got := n.refused.Load(); got != 1 {
		t.Errorf("%d were refused", got)
	}
}

// In a rush, 45 honest connects of some hundred ended without a word.
func TestWhoHasAskedAndFindsNoPlaceIsAnswered(t *testing.T) {
	t.Parallel()
	looked, look := make(chan struct{}, 1), make(chan struct{})
	n := openNarrow(t, 1, func(*http.Request) bool { looked <- struct{}{}; <-look; return true })
	first := n.say(t, upgradeRequest(handshakeQuery))
	<-looked // the server is at it
	for _, said := range []string{upgradeRequest(handshakeQuery), "GET /engine.io/ HTTP/1.1\r\nHost: x\r\n\r\n"} {
		got, err := http.ReadResponse(bufio.NewReader(n.say(t, said)), nil)
		if err != nil || got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			t.Errorf("%q: answered %v, %v", said, got, err)
		}
	}
	if _, err := n.say(t, "").Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("who has not asked was told %v", err)
	}
	close(look)
	if got, err := http.ReadResponse(bufio.NewReader(first), nil); err != nil || got.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("the first did not get in: %v, %v", got, err)
	}
}

// A thousand heads of which another byte had just come each time locked out everybody else behind their address.
func TestWhoIsNotDoneWithItsHeadAtOnceGivesWayThoughMoreHasCome(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	looked, look := make(chan struct{}), make(chan struct{})
	n := openNarrow(t, 1, func(*http.Request) bool {
		if first.CompareAndSwap(false, true) {
			close(looked)
			<-look
		}
		return true
	})
	request := upgradeRequest(handshakeQuery)
	slow := n.say(t, request[:20])
	for !n.hasSlow() {
		runtime.Gosched()
	}
	io.WriteString(slow, request[20:])
	<-looked // its bytes are being read
	conn := n.say(t, request)
	if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("a client did not get in: %v, %v", got, err)
	}
	close(look)
	if _, err := slow.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the slow one was told %v", err)
	}
}

// hasSlow tells whether the eldest has begun a head.
func (n *narrow) hasSlow() bool {
	n.door.mu.Lock()
	defer n.door.mu.Unlock()
	a := n.door.kin.eldest(networkOf(netip.MustParseAddr("127.0.0.1")))
	return a != nil && a.slow
}
