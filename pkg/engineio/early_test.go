package engineio

import (
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// upgradeRequest is a whole request, for clients that say more in the same segment.
func upgradeRequest(query string) string {
	return "GET " + query + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

func segment(t testing.TB, address, bytes string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	return conn
}

func (s *Server) empties(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(patience); s.Sessions() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the session is still there")
		}
	}
}

// Whatever closes a session before it is listened to, nothing that the client does wakes anybody.
func TestSessionClosedBeforeItIsListenedToEndsThoughItsClientIsSilent(t *testing.T) {
	t.Parallel()
	bad := string(frame(finText, "2")) // only servers ping
	for name, test := range map[string]struct {
		onOpen func(*Session)
		polled bool
		more   string
	}{
		"by Open":                        {onOpen: func(s *Session) { s.Close(ForcedClose) }},
		"by a packet behind the request": {more: bad},
		"by a packet behind the upgrade": {polled: true, more: string(frame(finText, "2probe")) + string(frame(finText, "5")) + bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newRecorder()
			h.onOpen = test.onOpen
			server, address := serve(t, h, Options{CloseGrace: 50 * time.Millisecond})
			query := handshakeQuery
			if test.polled {
				query = "/engine.io/" + strings.Replace(pollerOf(t, address).open().query, "polling", "websocket", 1)
			}
			segment(t, address, upgradeRequest(query)+test.more)
			within(t, h.closed, "the end")
			server.empties(t)
		})
	}
}

func TestCloseByOpenDeliversTheQueueToAClientThatTalks(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	const count, size = 500, 20_000
	h.onOpen = func(s *Session) {
		for i := range count {
			s.Send(numbered(i, size))
		}
		s.Close(ForcedClose)
	}
	_, address := serve(t, h, Options{SendQueueBytes: 64 << 20, CloseGrace: patience})
	c := dial(t, address)
	c.send("4early")
	c.skipOpen().expectNumbered(count)
	if code := c.closed(); code != 1005 {
		t.Errorf("close code %d, want 1005", code)
	}
}

// The flush loop may find the connection broken before the handshake goes on.
func TestResetRightAfterTheRequestLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.opened, h.closed = make(chan *Session, 1<<16), make(chan Reason, 1<<16)
	server, address := serve(t, h, Options{})
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for range 250 {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(conn, upgradeRequest(handshakeQuery))
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			}
		})
	}
	clients.Wait()
	server.empties(t)
}
