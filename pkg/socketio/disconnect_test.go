package socketio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// departure is what an OnDisconnecting handler saw.
type departure struct {
	reason engineio.Reason
	rooms  []string
}

// Whatever ends a connection: the handler runs once, while the socket is still in its rooms.
func TestDisconnectingSeesTheRoomsOnceForEveryEnd(t *testing.T) {
	t.Parallel()
	disconnect := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("41"))))
	closeFrame := ws.MustCompileFrame(ws.MaskFrame(ws.NewCloseFrame(nil)))
	for _, test := range []struct {
		name string
		end  func(*memory, *client, *Socket)
		want engineio.Reason
	}{
		{"client disconnects", func(_ *memory, c *client, _ *Socket) { c.say("1") }, ClientDisconnect},
		{"client closes", func(_ *memory, c *client, _ *Socket) { c.conn.Write(closeFrame) }, engineio.TransportClose},
		{"client is gone", func(_ *memory, c *client, _ *Socket) { c.conn.Close() }, engineio.TransportClose},
		{"client falls silent", func(*memory, *client, *Socket) { time.Sleep(2 * time.Minute) }, engineio.PingTimeout},
		{"client breaks a frame", func(_ *memory, c *client, _ *Socket) { c.conn.Write([]byte{0xF1, 0x80, 0, 0, 0, 0}) }, engineio.TransportError},
		{"client breaks a packet", func(_ *memory, c *client, _ *Socket) { c.say("9") }, engineio.ParseError},
		{"client breaks a rule", func(_ *memory, c *client, _ *Socket) { c.say("0") }, engineio.ForcedClose},
		{"client reads nothing", func(_ *memory, _ *client, s *Socket) {
			for s.Emit("x", make([]int, 1000)) == nil {
			}
		}, engineio.QueueFull},
		{"handler panics", func(_ *memory, c *client, _ *Socket) { c.say(`2["panic"]`) }, HandlerPanic},
		{"server disconnects", func(_ *memory, _ *client, s *Socket) { s.Disconnect(false); s.Disconnect(false) }, ServerDisconnect},
		{"server disconnects all", func(_ *memory, _ *client, s *Socket) { s.Disconnect(true); s.Disconnect(true) }, ServerDisconnect},
		{"server closes", func(_ *memory, _ *client, s *Socket) { s.Close("kicked"); s.Close("again") }, "kicked"},
		{"server closes later", func(_ *memory, _ *client, s *Socket) {
			s.CloseAt(time.Now().Add(time.Second), "expired")
			time.Sleep(2 * time.Second)
		}, "expired"},
		{"server shuts down", func(m *memory, _ *client, _ *Socket) { go m.server.Shutdown(context.Background()) }, engineio.ShuttingDown},
		{"everything at once", func(m *memory, c *client, s *Socket) {
			go s.Disconnect(false)
			go s.Disconnect(true)
			go s.Close("kicked")
			go c.conn.Write(slices.Concat(disconnect, closeFrame))
			go m.server.Shutdown(context.Background())
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				departures := make(chan departure, 10)
				sockets := make(chan *Socket, 1)
				m := serve(t, Options{}, func(s *Server) {
					ns := s.Of("/")
					ns.OnConnect(func(s *Socket) { sockets <- s })
					ns.OnDisconnecting(func(s *Socket, reason engineio.Reason) {
						departures <- departure{reason, s.Rooms()}
					})
					ns.On("panic", func(*Socket, *Event) { panic("a bug") })
				})
				c := m.connect("/")
				s := <-sockets
				s.Join("a")
				s.Join("b")
				test.end(m, c, s)
				got := <-departures
				if test.want != "" && got.reason != test.want || !slices.Equal(got.rooms, []string{"a", "b"}) {
					t.Errorf("got %+v, want %q and both rooms", got, test.want)
				}
				c.conn.Close()
				synctest.Wait()
				if n := len(departures); n != 0 {
					t.Errorf("the handler ran %d times more", n)
				}
				if ns := m.server.Of("/"); roomsOf(ns) != 0 || ns.Sockets() != 0 || m.server.Connections() != 0 {
					t.Errorf("%d rooms, %d sockets, %d connections are left", roomsOf(ns), ns.Sockets(), m.server.Connections())
				}
				if err := s.Join("c"); !errors.Is(err, ErrDisconnected) {
					t.Errorf("join: %v, want ErrDisconnected", err)
				}
			})
		})
	}
}

// serveTwo serves "/" and "/n" and returns a client that is in both, with its sockets.
func serveTwo(t *testing.T) (m *memory, c *client, root, n *Socket) {
	t.Helper()
	sockets := make(chan *Socket, 1)
	m = serve(t, Options{}, func(s *Server) {
		for _, name := range []string{"/", "/n"} {
			ns := s.Of(name)
			ns.OnConnect(func(s *Socket) {
				select {
				case sockets <- s:
				default:
				}
			})
			ns.On("echo", func(s *Socket, e *Event) { s.Emit("echo") })
		}
	})
	c = m.connect("/")
	root = within(t, sockets, "the socket")
	c.join("/n")
	return m, c, root, within(t, sockets, "the socket")
}

func TestClientThatLeavesANamespaceKeepsTheOthers(t *testing.T) {
	t.Parallel()
	m, c, _, _ := serveTwo(t)
	c.say("1/n")
	c.say(`2["echo"]`)
	c.expect(`2["echo"]`)
	c.join("/n") // and may come back
	c.say("1/n,")
	c.say(`2/n,["echo"]`) // which is its own fault
	c.expectClosed()
	m.expectEnd(engineio.ForcedClose)
}

// What the client said before it heard that it was disconnected is no fault.
func TestLatePacketsOfALeftNamespaceAreDropped(t *testing.T) {
	t.Parallel()
	m, c, _, n := serveTwo(t)
	n.Disconnect(false)
	n.Disconnect(false) // tells nothing again
	for _, late := range []string{`2/n,["echo"]`, `2/n,7["echo"]`, `3/n,1[]`, `1/n,`} {
		c.say(late)
	}
	c.expect("1/n,")
	c.expectAlive()
	c.say(`2["echo"]`)
	c.expect(`2["echo"]`)
	c.join("/n")
	n.Disconnect(false) // the socket that was, not the one that is
	c.say(`2/n,["echo"]`)
	c.expect(`2/n,["echo"]`)
	if err := n.Emit("late"); !errors.Is(err, ErrDisconnected) {
		t.Errorf("emit: %v, want ErrDisconnected", err)
	}
	c.expectAlive()
	if got := m.server.Of("/n").Sockets(); got != 1 {
		t.Errorf("%d sockets in /n, want 1", got)
	}
	c.say("1/n,")
	c.say(`2/n,["echo"]`) // this time it left by itself
	c.expectClosed()
	m.expectEnd(engineio.ForcedClose)
}

// A handler may disconnect its own client while packets of it wait.
func TestDisconnectInAHandlerRacesWithPackets(t *testing.T) {
	t.Parallel()
	for range 50 {
		_, c, _, n := serveTwo(t)
		gone := make(chan struct{})
		go func() { n.Disconnect(false); close(gone) }()
		go func() {
			for range 20 {
				c.say(`2/n,["echo"]`)
			}
			c.say(`2["echo"]`)
		}()
		for got := ""; got != `2["echo"]`; got = c.hear() {
			if got != "" && got != `2/n,["echo"]` && got != "1/n," {
				t.Fatalf("got %s", got)
			}
		}
		<-gone
		c.conn.Close()
	}
}

func TestDisconnectOfAllTellsEveryNamespaceAndCloses(t *testing.T) {
	t.Parallel()
	m, c, root, _ := serveTwo(t)
	root.Emit("last")
	root.Disconnect(true)
	c.expect(`2["last"]`)
	c.expect("1")
	c.expect("1/n,")
	c.expectClosed()
	m.expectEnd(ServerDisconnect)
}

func TestCloseTellsNoDisconnect(t *testing.T) {
	t.Parallel()
	m, c, root, _ := serveTwo(t)
	root.Emit("last")
	root.Close("kicked")
	c.expect(`2["last"]`)
	c.expectClosed()
	m.expectEnd("kicked")
}

func TestShutdownTellsNoDisconnect(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 5)
	server := members[0].socket.conn.server
	ns.Emit("last")
	done := make(chan error, 1)
	go func() { done <- server.Shutdown(context.Background()) }()
	for _, m := range members {
		m.expect(`2["last"]`)
		m.expectClosed()
	}
	if err := within(t, done, "Shutdown"); err != nil {
		t.Error(err)
	}
}

func TestOnlyNamespaceIsNotJoinedTwiceOnOneConnection(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Of("/") })
	c := m.connect("/")
	c.say("1")
	c.say("0")
	c.expectClosed()
	m.expectEnd(engineio.ForcedClose)
}

func TestThousandsOfNamespacesFromOneClientLeaveNothing(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Of("/") })
	c := m.connect("/")
	for i := range 2000 {
		c.say(fmt.Sprintf("0/%d,", i))
		c.expect(fmt.Sprintf(`4/%d,{"message":"Invalid namespace"}`, i))
	}
	if n := len(m.server.namespaces); n != 1 {
		t.Errorf("%d namespaces, want 1", n)
	}
}
