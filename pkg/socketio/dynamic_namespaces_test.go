package socketio

import (
	"fmt"
	"strings"
	"testing"
)

func tenant(name string) bool { return strings.HasPrefix(name, "/tenant-") }

func TestNamespacesAreMadeAsTheirNamesAreAskedFor(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		s.Dynamic(tenant, func(ns *Namespace) {
			ns.On("hi", func(_ *Socket, e *Event) { ns.Emit("hi from", ns.Name()) })
		})
	})
	one, other, stranger := m.connect("/tenant-1"), m.connect("/tenant-2"), m.connect("/tenant-1")
	one.say(`2/tenant-1,["hi"]`)
	one.expect(`2/tenant-1,["hi from","/tenant-1"]`)
	stranger.expect(`2/tenant-1,["hi from","/tenant-1"]`)
	other.expectAlive()
	one.say(`0/other,`)
	one.expect(`4/other,{"message":"Invalid namespace"}`)
}

func TestNamespaceMadeByARuleIsForgottenWithItsLastSocket(t *testing.T) {
	t.Parallel()
	made := make(chan *Namespace, 10)
	m := serve(t, Options{}, func(s *Server) {
		s.Of("/")
		s.Dynamic(tenant, func(ns *Namespace) {
			ns.Use(func(_ *Socket, h *Handshake) error {
				if h.Auth == nil {
					return &ConnectError{Message: "no"}
				}
				return nil
			})
			made <- ns
		})
	})
	c := m.connect("/")
	for range 3 {
		c.say("0/tenant-1,")
		c.expect(`4/tenant-1,{"message":"no"}`)
		c.say("0/tenant-1,{}")
		if got := c.hear(); !strings.HasPrefix(got, `0/tenant-1,{"sid":`) {
			t.Fatalf("got %q", got)
		}
		c.say("1/tenant-1,")
		c.expectAlive()
		if m.server.named("/tenant-1") != nil {
			t.Error("it is still there")
		}
	}
	if n := len(made); n != 6 {
		t.Errorf("made %d times, want 6", n)
	}
}

func TestThousandsOfNamespacesFromOneClientAreNotMade(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Dynamic(tenant, func(*Namespace) {}) })
	c := m.dial()
	refused := 0
	for i := range 1000 {
		c.say(fmt.Sprintf("0/tenant-%d,", i))
		if strings.HasPrefix(c.hear(), "4") {
			refused++
		}
	}
	if refused != 1000-maxJoined {
		t.Errorf("%d of 1000 were refused, want %d", refused, 1000-maxJoined)
	}
}
