package socketio

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestEventsReachTheirHandlerInOrder(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		for _, name := range []string{"/", "/n"} {
			ns := s.Of(name)
			ns.On("echo", func(s *Socket, e *Event) {
				args := make([]any, len(e.Args))
				for i, arg := range e.Args {
					args[i] = arg
				}
				s.Emit("echoed", args...)
			})
			ns.OnOther(func(s *Socket, e *Event) { s.Emit("other", e.Name) })
		}
	})
	c := m.dial()
	c.join("/")
	c.join("/n")
	for _, test := range [][2]string{
		{`2["echo"]`, `2["echoed"]`},
		{`2/n,["echo",1]`, `2/n,["echoed",1]`},
		{`2["echo",{"b":1,"a":[1.50,"<&>"]},null]`, `2["echoed",{"b":1,"a":[1.50,"<&>"]},null]`},
		{`2["unheard"]`, `2["other","unheard"]`},
		{`2["__proto__"]`, `2["other","__proto__"]`},
		{`2[""]`, `2["other",""]`},
	} {
		c.say(test[0])
		c.expect(test[1])
	}
}

func TestEventWithoutAHandlerIsNoFault(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { s.Of("/") })
	c := m.connect("/")
	c.say(`20["nobody listens"]`)
	c.expectAlive()
}

func TestEncodingIsWhatOfficialClientsParse(t *testing.T) {
	t.Parallel()
	sockets := make(chan *Socket, 1)
	m := serve(t, Options{}, func(s *Server) { s.Of("/").OnConnect(func(s *Socket) { sockets <- s }) })
	c := m.connect("/")
	s := within(t, sockets, "the socket")
	for _, test := range []struct {
		event string
		args  []any
		want  string
	}{
		{"a", nil, `2["a"]`},
		{"a", []any{nil, 1, "x", true}, `2["a",null,1,"x",true]`},
		{"a", []any{"<b>&</b>"}, `2["a","<b>&</b>"]`},
		{`<"é€😀`, []any{map[string]string{"u": "é€😀<"}}, `2["<\"é€😀",{"u":"é€😀<"}]`},
		{"a", []any{json.RawMessage(`{ "z" : 1.50, "a":"\u003c" }`)}, `2["a",{ "z" : 1.50, "a":"\u003c" }]`},
		{"a", []any{json.RawMessage(nil)}, `2["a",null]`},
		{"a", []any{[]any{}}, `2["a",[]]`},
		{"__proto__", nil, `2["__proto__"]`},
	} {
		if err := s.Emit(test.event, test.args...); err != nil {
			t.Errorf("%s: %v", test.want, err)
		}
		c.expect(test.want)
	}
	if err := s.Emit("a", math.NaN()); err == nil {
		t.Error("NaN was encoded")
	}
	if err := s.Emit("a", "after a failure"); err != nil {
		t.Error(err)
	}
	c.expect(`2["a","after a failure"]`)
}

func TestReservedNamesAreNotEmitted(t *testing.T) {
	t.Parallel()
	sockets := make(chan *Socket, 1)
	m := serve(t, Options{}, func(s *Server) { s.Of("/").OnConnect(func(s *Socket) { sockets <- s }) })
	c := m.connect("/")
	s := within(t, sockets, "the socket")
	for name := range reserved {
		for who, err := range map[string]error{
			"Socket": s.Emit(name), "Namespace": m.server.Of("/").Emit(name), "Broadcast": m.server.Of("/").To("x").Emit(name),
		} {
			if !errors.Is(err, ErrReserved) {
				t.Errorf("%s.Emit(%q): %v, want ErrReserved", who, name, err)
			}
		}
	}
	c.expectAlive()
}

func TestAckIsGivenOnce(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		for _, name := range []string{"/", "/n"} {
			s.Of(name).On("ask", func(s *Socket, e *Event) {
				if !e.WantsAck() {
					t.Error("an ack is wanted")
				}
				args := make([]any, len(e.Args))
				for i, arg := range e.Args {
					args[i] = arg
				}
				e.Ack(args...)
				e.Ack("again")
				if e.WantsAck() {
					t.Error("the ack was given")
				}
			})
		}
		s.Of("/").On("tell", func(s *Socket, e *Event) {
			if e.WantsAck() {
				t.Error("no ack is wanted")
			}
			e.Ack("unasked")
		})
	})
	c := m.dial()
	c.join("/")
	c.join("/n")
	for _, test := range [][2]string{
		{`20["ask"]`, `30[]`},
		{`212["ask",1,"<x>"]`, `312[1,"<x>"]`},
		{`2/n,3["ask"]`, `3/n,3[]`},
		{`2/n,1["ask","x"]`, `3/n,1["x"]`},
		{`2007["ask"]`, `37[]`},
		{`218446744073709551615["ask"]`, `318446744073709551615[]`},
	} {
		c.say(test[0])
		c.expect(test[1])
	}
	c.say(`2["tell"]`)
	c.expectAlive()
}

func TestAckMayComeLateButNotAfterTheSocketLeft(t *testing.T) {
	t.Parallel()
	asked := make(chan *Event, 2)
	m := serve(t, Options{}, func(s *Server) {
		s.Of("/").On("ask", func(s *Socket, e *Event) { asked <- e })
	})
	c := m.connect("/")
	c.say(`20["ask"]`)
	c.say(`21["ask"]`)
	early, late := within(t, asked, "the event"), within(t, asked, "the event")
	c.expectAlive()
	if err := early.Ack("after the handler"); err != nil {
		t.Error(err)
	}
	c.expect(`30["after the handler"]`)
	c.say("1")
	c.expectAlive()
	if err := late.Ack("nobody hears"); !errors.Is(err, ErrDisconnected) {
		t.Errorf("ack after leaving: %v, want ErrDisconnected", err)
	}
	c.expectAlive()
}

func TestDecodeFillsTheHandlersOwnTypes(t *testing.T) {
	t.Parallel()
	e := &Event{Name: "e", Args: []json.RawMessage{[]byte(`{"room":"r"}`), []byte(`7`)}}
	var first struct{ Room string }
	var second int
	if err := e.Decode(&first, &second); err != nil || first.Room != "r" || second != 7 {
		t.Errorf("got %+v %d %v", first, second, err)
	}
	if err := e.Decode(&first, &second, &second); !errors.Is(err, ErrArguments) {
		t.Errorf("too few arguments: %v", err)
	}
	var wrong *json.UnmarshalTypeError
	if err := e.Decode(&second); !errors.As(err, &wrong) {
		t.Errorf("wrong type: %v", err)
	}
}

func TestPanicOfAHandlerClosesItsClientOnly(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(*Namespace){
		"event":         func(ns *Namespace) { ns.On("now", func(*Socket, *Event) { panic("a bug") }) },
		"disconnecting": func(ns *Namespace) { ns.OnDisconnecting(func(*Socket, engineio.Reason) { panic("a bug") }) },
		"middleware": func(ns *Namespace) {
			ns.Use(func(s *Socket, h *Handshake) error {
				if len(h.Auth) > 0 {
					panic("a bug")
				}
				return nil
			})
		},
	} {
		m := serve(t, Options{}, func(s *Server) { s.Of("/"); setup(s.Of("/buggy")) })
		bystander, c := m.connect("/"), m.dial()
		bystander.join("/buggy")
		c.join("/")
		if name == "middleware" {
			c.say(`0/buggy,{"now":1}`)
		} else {
			c.join("/buggy")
			c.say(`2/buggy,["now"]`)
			c.say(`1/buggy,`)
		}
		c.expectClosed()
		m.expectEnd(HandlerPanic)
		bystander.expectAlive()
		if n := m.server.Of("/").Sockets(); n != 1 {
			t.Errorf("%s: %d sockets are left, want the bystander's", name, n)
		}
	}
}

func TestDeepJSON(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) {
		s.Of("/").On("deep", func(s *Socket, e *Event) { s.Emit("deep", e.Args[0]) })
	})
	nested := func(levels int) string {
		return `2["deep",` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `]`
	}
	c := m.connect("/")
	c.say(nested(99)) // and the array of the event's name and arguments
	c.expect(nested(99))
	c.say(nested(100))
	c.expectClosed()
	m.expectEnd(engineio.ParseError)
}
