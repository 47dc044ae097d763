package socketio

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestConnectIsAnsweredBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		for _, name := range []string{"/", "/admin"} {
			ns := s.Of(name)
			ns.OnConnect(func(s *Socket) { s.Emit("first"); ns.Emit("all", s.ID()) })
		}
	})
	c := m.dial()
	id := c.join("/")
	c.expect(`2["first"]`)
	c.expect(`2["all","` + id + `"]`)
	other := c.join("/admin")
	c.expect(`2/admin,["first"]`)
	c.expect(`2/admin,["all","` + other + `"]`)
	if id == other {
		t.Error("two sockets have one id")
	}
}

func TestUnknownNamespaceIsRefusedAndTheConnectionStays(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Of("/") })
	c := m.dial()
	for _, test := range [][2]string{
		{`0/random`, `4/random,{"message":"Invalid namespace"}`},
		{`0/a?x=1,{"token":"t"}`, `4/a?x=1,{"message":"Invalid namespace"}`},
		{`0/__proto__,`, `4/__proto__,{"message":"Invalid namespace"}`},
		{`0/<&>,`, `4/<&>,{"message":"Invalid namespace"}`},
	} {
		c.say(test[0])
		c.expect(test[1])
	}
	c.join("/")
}

func TestFaultsCloseTheConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, packet string
		connected    bool
		want         engineio.Reason
	}{
		{"duplicate CONNECT", `0`, true, engineio.ForcedClose},
		{"event before CONNECT", `2["a"]`, false, engineio.ForcedClose},
		{"ack before CONNECT", `31[]`, false, engineio.ForcedClose},
		{"DISCONNECT before CONNECT", `1`, false, engineio.ForcedClose},
		{"event for a namespace not joined", `2/admin,["a"]`, true, engineio.ForcedClose},
		{"CONNECT_ERROR", `4{"message":"m"}`, true, engineio.ForcedClose},
		{"no packet", ``, true, engineio.ParseError},
		{"unknown type", `9`, true, engineio.ParseError},
		{"broken JSON", `2["a"`, true, engineio.ParseError},
		{"reserved event", `2["disconnect"]`, true, engineio.ParseError},
		{"event without a name", `2[]`, true, engineio.ParseError},
		{"too many attachments", `511-["a"]`, true, engineio.ParseError},
	} {
		m := serve(t, Options{}, func(s *Server) {
			s.Of("/admin")
			s.Of("/").OnOther(func(*Socket, *Event) { t.Errorf("%s reached a handler", test.name) })
		})
		c := m.dial()
		if test.connected {
			c.join("/")
		}
		c.say(test.packet)
		c.expectClosed()
		m.expectEnd(test.want)
	}
}

func TestAckOfTheClientIsIgnored(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Of("/") })
	c := m.connect("/")
	for _, packet := range []string{`3`, `30[]`, `3999["x"]`} {
		c.say(packet)
	}
	c.expectAlive()
}

func TestMiddlewareRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		err    error
		want   string
		closes bool
	}{
		{"message", &ConnectError{Message: "plain"}, `{"message":"plain"}`, false},
		{"message and data", &ConnectError{Message: "not allowed", Data: map[string]int{"code": 42}}, `{"message":"not allowed","data":{"code":42}}`, false},
		{"wrapped", fmt.Errorf("step: %w", &ConnectError{Message: "<plain> & simple"}), `{"message":"<plain> & simple"}`, false},
		{"data that is no JSON", &ConnectError{Message: "plain", Data: make(chan int)}, `{"message":"plain"}`, false},
		{"another error hides its text", errors.New("password is 1234"), `{"message":"internal error"}`, false},
		{"close", &ConnectError{Message: "Authentication error", Close: true}, `{"message":"Authentication error"}`, true},
	} {
		later := 0
		m := serve(t, Options{}, func(s *Server) {
			ns := s.Of("/")
			ns.Use(func(*Socket, *Handshake) error { return test.err })
			ns.Use(func(*Socket, *Handshake) error { later++; return nil })
			ns.OnConnect(func(*Socket) { later++ })
			ns.OnDisconnecting(func(*Socket, engineio.Reason) { later++ })
		})
		c := m.dial()
		c.say("0")
		c.expect("4" + test.want)
		if test.closes {
			c.expectClosed()
			m.expectEnd(Refused)
		} else {
			c.say("0") // may try again on the same connection
			c.expect("4" + test.want)
			c.conn.Close()
			m.expectEnd(engineio.TransportClose)
		}
		if later != 0 {
			t.Errorf("%s: the refused socket was seen %d times", test.name, later)
		}
	}
}

func TestMiddlewareSeesTheHandshake(t *testing.T) {
	t.Parallel()
	type seen struct {
		auth, host, query string
		header            http.Header
	}
	told := make(chan seen, 2)
	m := serve(t, Options{}, func(s *Server) {
		ns := s.Of("/")
		ns.Use(func(s *Socket, h *Handshake) error {
			s.Data = "set by the middleware"
			told <- seen{string(h.Auth), h.Host, h.Query.Get("EIO"), h.Header}
			return nil
		})
		ns.On("data", func(s *Socket, e *Event) { e.Ack(s.Data) })
	})
	c := m.dial()
	c.say(`0{"token":"<t>"}`)
	if got := within(t, told, "the middleware"); got.auth != `{"token":"<t>"}` || got.host != "memory" || got.query != "4" || got.header.Get("Upgrade") == "" {
		t.Errorf("got %+v", got)
	}
	c.hear()
	c.say(`20["data"]`)
	c.expect(`30["set by the middleware"]`)
	m.connect("/")
	if got := within(t, told, "the middleware"); got.auth != "" {
		t.Errorf("auth %q of a CONNECT without a payload", got.auth)
	}
}

func TestRefusedSocketStaysInNoRoom(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func() error{
		"error": func() error { return &ConnectError{Message: "no", Close: true} },
		"panic": func() error { panic("a bug") },
	} {
		m := serve(t, Options{}, func(s *Server) {
			s.Of("/").Use(func(s *Socket, h *Handshake) error { s.Join("lobby"); return refuse() })
		})
		c := m.dial()
		c.say("0")
		within(t, m.ended, "the end")
		if n := roomsOf(m.server.Of("/")); n != 0 {
			t.Errorf("%s: %d rooms are left", name, n)
		}
	}
}

// expectEndAfter says packets that join no namespace, and waits until the server closes the connection because of that: after
// limit, and a second later at most.
func expectEndAfter(t *testing.T, limit time.Duration, o Options, packets []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, o, func(s *Server) {
			s.Of("/closed").Use(func(*Socket, *Handshake) error { return &ConnectError{Message: "no"} })
		})
		c := m.dial()
		start := time.Now()
		for _, packet := range packets {
			c.say(packet)
			c.hear()
		}
		c.expectClosed()
		if took := time.Since(start); took < limit || took > limit+time.Second {
			t.Errorf("closed after %v, want %v", took, limit)
		}
		m.expectEnd(ConnectTimeout)
	})
}

func TestClientThatJoinsNothingIsClosed(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string][]string{
		"says nothing": nil, "unknown namespace": {"0/none"}, "refused": {"0/closed,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectEndAfter(t, 45*time.Second, Options{}, packets)
		})
	}
}

func TestConnectTimeoutEndsWithTheFirstJoinAndLeavesTheApplicationsTimeAlone(t *testing.T) {
	t.Parallel()
	const expired engineio.Reason = "token expired"
	in := func(s *Socket, d time.Duration) { s.CloseAt(time.Now().Add(d), expired) }
	for name, set := range map[string]func(*Namespace){
		"never":                func(*Namespace) {},
		"set by a middleware":  func(ns *Namespace) { ns.Use(func(s *Socket, _ *Handshake) error { in(s, 5*time.Minute); return nil }) },
		"set when connected":   func(ns *Namespace) { ns.OnConnect(func(s *Socket) { in(s, 5*time.Minute) }) },
		"set before the other": func(ns *Namespace) { ns.On("set", func(s *Socket, _ *Event) { in(s, 5*time.Minute) }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := serve(t, Options{}, func(s *Server) { set(s.Of("/")); s.Of("/other") })
				c := m.connect("/")
				c.say(`2["set"]`)
				c.join("/other")
				c.say("1/other,")
				start := time.Now()
				go func() { // answers pings
					for err := error(nil); err == nil; {
						_, err = c.frame()
					}
					c.conn.Close()
				}()
				if name == "never" {
					time.Sleep(time.Hour)
					synctest.Wait()
					if n := m.server.Connections(); n != 1 {
						t.Errorf("%d connections after an hour, want 1", n)
					}
					return
				}
				if reason := <-m.ended; reason != expired {
					t.Errorf("reason %q, want %q", reason, expired)
				}
				if took := time.Since(start); took < 5*time.Minute || took > 5*time.Minute+time.Second {
					t.Errorf("closed after %v, want 5m", took)
				}
			})
		})
	}
}
