package socketio

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// namespacesWithAndWithoutMiddlewares sets up "/", "/guarded" and those of tenants, which have a
// middleware, and "/plain", which has none.
func namespacesWithAndWithoutMiddlewares(s *Server) {
	look := func(_ *Socket, h *Handshake) error {
		if h.Header.Get("Upgrade") == "" {
			return &ConnectError{Message: "no headers"}
		}
		return nil
	}
	s.Of("/").Use(look)
	s.Of("/guarded").Use(look)
	s.Of("/plain")
	s.Dynamic(tenant, func(ns *Namespace) { ns.Use(look) })
}

// hold answers pings until d has passed.
func (c *client) hold(d time.Duration) {
	c.t.Helper()
	go func() { // the ping's frame is answered, and then this is
		time.Sleep(d)
		c.say("0/none")
	}()
	c.expect(`4/none,{"message":"Invalid namespace"}`)
}

func TestFurtherNamespacesAreJoinedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{}, namespacesWithAndWithoutMiddlewares)
		c := m.connect("/")
		c.hold(9 * time.Second)
		c.join("/guarded")
		c.join("/tenant-1")
		c.say("1/guarded,")
		c.join("/guarded")
		c.expectAlive()
	})
}

func TestFurtherNamespaceAfterTheHandshakeWasReleasedClosesTheConnectionToComeBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/guarded", "/tenant-1", "/left"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := serve(t, Options{}, namespacesWithAndWithoutMiddlewares)
				c := m.connect("/")
				if name == "/left" {
					name = "/guarded"
					c.join(name)
					c.say("1/guarded,")
				}
				c.hold(11 * time.Second)
				c.join("/plain") // nobody there asks for the handshake
				c.say("0/none,")
				c.expect(`4/none,{"message":"Invalid namespace"}`)
				c.say("0" + name + ",")
				c.expectClosed()
				m.expectEnd(HandshakeReleased)
				again := m.connect("/") // as official clients do
				again.join("/plain")
				again.join(name)
				if n := len(m.server.namespaces); name == "/guarded" && n != 3 {
					t.Errorf("%d namespaces, want 3", n)
				}
			})
		})
	}
}

// The time runs from the first namespace that was joined: a client that has to try several times has
// ConnectTimeout for it.
func TestHandshakeIsKeptUntilTheFirstNamespaceIsJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{NamespaceTimeout: time.Second}, func(s *Server) {
			s.Of("/closed").Use(func(*Socket, *Handshake) error { return &ConnectError{Message: "no"} })
			namespacesWithAndWithoutMiddlewares(s)
		})
		c := m.dial()
		c.say("0/closed,")
		c.expect(`4/closed,{"message":"no"}`)
		c.hold(40 * time.Second)
		c.join("/")
		c.join("/guarded")
		c.hold(2 * time.Second)
		c.say("0/closed,")
		c.expectClosed()
		m.expectEnd(HandshakeReleased)
	})
}

func TestHandshakesAreReleasedInTurnsOfOneTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{NamespaceTimeout: 16 * time.Second}, namespacesWithAndWithoutMiddlewares)
		start := time.Now()
		var conns []*conn
		sockets := make(chan *Socket, 1)
		m.server.Of("/").OnConnect(func(s *Socket) { sockets <- s })
		for range 100 {
			c := m.connect("/")
			conns = append(conns, (<-sockets).conn)
			if len(conns)%2 == 0 {
				c.conn.Close()
			}
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		held := func() (n int) {
			for _, c := range conns {
				c.mu.Lock()
				if c.handshake != nil {
					n++
				}
				c.mu.Unlock()
			}
			return n
		}
		if n := held(); n != 50 {
			t.Errorf("%d handshakes are held, want those of 50 open connections", n)
		}
		time.Sleep(time.Until(start.Add(18500 * time.Millisecond))) // the last was due after 17 s
		synctest.Wait()
		if n := held(); n != 0 || m.server.releases.waiting != nil {
			t.Errorf("%d handshakes are held, and %v wait", n, m.server.releases.waiting)
		}
	})
}

func TestShutdownEndsTheTimerOfTheHandshakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{NamespaceTimeout: time.Hour}, namespacesWithAndWithoutMiddlewares)
		c := m.connect("/")
		go m.server.Shutdown(context.Background())
		c.expectClosed()
		m.expectEnd(engineio.ShuttingDown)
		synctest.Wait()
		if m.server.releases.waiting != nil || m.server.releases.timer.Stop() {
			t.Error("the timer still runs")
		}
	})
}
