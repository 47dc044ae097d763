package socketio

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// curious looks for a socket while its client is told that it is connected, with some time ahead of the server.
type curious struct {
	wire
	look  func(sid string) bool
	sid   string
	pid   string
	found chan bool
}

func (c *curious) Send(packets ...*engineio.Packet) error {
	before := len(c.packets)
	c.wire.Send(packets...)
	for _, p := range c.packets[before:] {
		var told struct{ SID, PID string }
		if p[0] != '0' || json.Unmarshal([]byte(p[1:]), &told) != nil {
			continue
		}
		c.sid, c.pid = told.SID, told.PID
		ahead := make(chan struct{})
		go func() {
			found := c.look(told.SID)
			close(ahead)
			c.found <- found
		}()
		select {
		case <-ahead:
		case <-time.After(20 * time.Millisecond): // it has to wait for the server: it is found then
		}
	}
	return nil
}

func TestWhoIsToldThatItIsConnectedOrBackIsFound(t *testing.T) {
	t.Parallel()
	server := NewServer(Options{Logger: slog.New(slog.DiscardHandler), Recovery: &Recovery{}})
	t.Cleanup(func() { server.Shutdown(t.Context()) })
	ns := server.Of("/")
	ns.On("join", func(s *Socket, _ *Event) { s.Join("lobby") })
	arrive := func(connect string, look func(sid string) bool) (*curious, *conn) {
		c := &curious{wire: wire{t: t}, look: look, found: make(chan bool, 1)}
		conn := server.newConn(c, &Handshake{Header: http.Header{}})
		conn.Message([]byte("0"+connect), false)
		return c, conn
	}
	first, conn := arrive(`{}`, ns.Occupied)
	if !<-first.found {
		t.Error("a client that was told that it is connected is not found by its id")
	}
	conn.Message([]byte(`2["join"]`), false)
	conn.Closed(engineio.TransportClose)
	back, _ := arrive(`{"pid":"`+first.pid+`"}`, func(sid string) bool { return ns.Occupied(sid) && ns.Occupied("lobby") })
	if back.sid != first.sid {
		t.Fatal("it did not come back")
	}
	if !<-back.found {
		t.Error("a client that was told that it is back is not found by its id, and in its room")
	}
}

func TestNothingThatIsToldToARoomComesBeforeTheReply(t *testing.T) {
	t.Parallel()
	w := adopt(t, "", func(s *Server) {
		ns := s.Of("/")
		ns.Use(func(s *Socket, _ *Handshake) error { return s.Join("lobby") })
		ns.Use(func(*Socket, *Handshake) error { return ns.To("lobby").Emit("too early") })
		ns.OnConnect(func(*Socket) { ns.To("lobby").Emit("in time") })
	})
	w.expect(`0`, `2["in time"]`)
}

func TestWhoIsToldThatItIsConnectedCanBeTakenOut(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{false, true} {
		server := NewServer(Options{Logger: slog.New(slog.DiscardHandler), Recovery: &Recovery{}})
		t.Cleanup(func() { server.Shutdown(t.Context()) })
		ns := server.Of("/")
		gone := make(chan Reason, 1)
		ns.OnDisconnecting(func(_ *Socket, reason Reason) { gone <- reason })
		c := &curious{wire: wire{t: t}, found: make(chan bool, 1)}
		conn := server.newConn(c, &Handshake{Header: http.Header{}})
		c.look = func(sid string) bool {
			has := len(conn.all()) == 1
			ns.To(sid).Disconnect(closes)
			return has
		}
		conn.Message([]byte("0{}"), false)
		if !<-c.found {
			t.Fatal("a client was told that it is connected, and its connection does not have its socket")
		}
		if last := c.packets[len(c.packets)-1]; last != "1" {
			t.Errorf("closes=%v: the last that the client hears is %s", closes, last)
		}
		if closes {
			conn.Closed(c.reasons[0])
		}
		if reason := <-gone; reason != ServerDisconnect {
			t.Errorf("closes=%v: it has gone by %s", closes, reason)
		}
		if ns.Occupied(c.sid) {
			t.Errorf("closes=%v: it is still there", closes)
		}
	}
}
