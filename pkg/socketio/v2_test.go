package socketio

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// wire is a Session that notes what is sent over it.
type wire struct {
	t        *testing.T
	receiver engineio.Receiver
	packets  []string
	reasons  []Reason
	by       time.Time
}

func (w *wire) ID() string                   { return "id-of-the-wire" }
func (w *wire) Addr() netip.Addr             { return netip.MustParseAddr("192.0.2.1") }
func (w *wire) Writable() bool               { return true }
func (w *wire) Settle(string) (cause string) { return "" }
func (w *wire) Send(packets ...*engineio.Packet) error {
	for _, p := range packets {
		if binary, data := p.Payload(); binary {
			w.packets = append(w.packets, "binary "+string(data))
		} else {
			w.packets = append(w.packets, string(data[1:]))
		}
	}
	return nil
}
func (w *wire) Close(reason Reason)             { w.reasons = append(w.reasons, reason) }
func (w *wire) CloseAt(t time.Time, why Reason) { w.by = t }

// adopt brings a v2 client into a new server.
func adopt(t *testing.T, query string, setup func(*Server)) *wire {
	t.Helper()
	server := NewServer(Options{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { server.Shutdown(t.Context()) })
	setup(server)
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t}
	w.receiver = server.Adopt(w, &Handshake{Header: http.Header{}, Query: values, Auth: QueryAuth(values)})
	return w
}

// expect compares what has been sent since the last call.
func (w *wire) expect(want ...string) {
	w.t.Helper()
	if got := strings.Join(w.packets, "\n"); got != strings.Join(want, "\n") {
		w.t.Fatalf("sent\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	w.packets = nil
}

func (w *wire) say(packet string) { w.receiver.Message([]byte(packet), false) }

func TestV2ClientIsInTheRootUnasked(t *testing.T) {
	t.Parallel()
	var id string
	w := adopt(t, "", func(s *Server) {
		s.Of("/").OnConnect(func(s *Socket) { id = s.ID(); s.Emit("hi", 1) })
	})
	w.expect(`0`, `2["hi",1]`)
	if id != w.ID() {
		t.Errorf("the socket's id is %q, but the client takes it for %q", id, w.ID())
	}
	if !w.by.IsZero() {
		t.Error("the connect timeout was not taken back")
	}
	w.say(`0`)
	if len(w.reasons) != 1 || w.reasons[0] != engineio.ForcedClose {
		t.Errorf("after a CONNECT of its own it was closed for %q", w.reasons)
	}
}

func TestV2ClientJoinsNamespacesWithAQuery(t *testing.T) {
	t.Parallel()
	var auth, id string
	w := adopt(t, "token=root", func(s *Server) {
		s.Of("/").Use(func(_ *Socket, h *Handshake) error { auth = string(h.Auth); return nil })
		s.Of("/admin").Use(func(s *Socket, h *Handshake) error { id, auth = s.ID(), string(h.Auth); return nil })
		s.Of("/admin").On("who", func(_ *Socket, e *Event) { e.Ack("me", 2) })
	})
	w.expect(`0`)
	if auth != `{"token":"root"}` {
		t.Errorf("auth of the root is %s", auth)
	}
	w.say(`0/admin?token=ok&x=1`)
	w.expect(`0/admin,`)
	if auth != `{"token":"ok","x":"1"}` || id != "/admin#"+w.ID() {
		t.Errorf("auth %s, id %s", auth, id)
	}
	w.say(`2/admin,7["who"]`)
	w.expect(`3/admin,7["me",2]`)
	w.say(`0/nowhere,`)
	w.expect(`4/nowhere,{"message":"Invalid namespace"}`)
}

func TestV2ClientIsRefusedByTheBareMessageOrData(t *testing.T) {
	t.Parallel()
	for want, refusal := range map[string]error{
		`4"denied"`:         &ConnectError{Message: "denied"},
		`4{"code":1}`:       &ConnectError{Message: "denied", Data: map[string]int{"code": 1}},
		`4"internal error"`: errors.New("a secret"),
		`4"a bool"`:         &ConnectError{Message: "a bool", Data: true}, // the official parser of v2 throws at true
		`4"a number"`:       &ConnectError{Message: "a number", Data: 7},
		`4"bytes"`:          &ConnectError{Message: "bytes", Data: Binary("x")},
		`4"not JSON"`:       &ConnectError{Message: "not JSON", Data: func() {}},
	} {
		w := adopt(t, "", func(s *Server) { s.Of("/").Use(func(*Socket, *Handshake) error { return refusal }) })
		w.expect(want)
	}
}

func TestAdoptedClientSharesRoomsBinaryAndGoodbye(t *testing.T) {
	t.Parallel()
	var goodbyes []Reason
	var ns *Namespace
	w := adopt(t, "", func(s *Server) {
		ns = s.Of("/")
		ns.OnConnect(func(s *Socket) { s.Join("lobby") })
		ns.OnDisconnecting(func(_ *Socket, reason Reason) { goodbyes = append(goodbyes, reason) })
		ns.On("file", func(s *Socket, e *Event) { ns.To("lobby").Emit("file", e.Args[0]) })
	})
	w.say(`51-["file",{"_placeholder":true,"num":0}]`)
	w.receiver.Message([]byte{1, 2}, true)
	w.expect(`0`, `51-["file",{"_placeholder":true,"num":0}]`, "binary \x01\x02")
	w.receiver.Closed(engineio.TransportClose)
	ns.To("lobby").Emit("late")
	w.expect()
	if len(goodbyes) != 1 || goodbyes[0] != engineio.TransportClose || ns.Sockets() != 0 {
		t.Errorf("goodbyes %q, %d sockets left", goodbyes, ns.Sockets())
	}
}

func TestAdoptionSurvivesAPanic(t *testing.T) {
	t.Parallel()
	w := adopt(t, "", func(s *Server) { s.Of("/").Use(func(*Socket, *Handshake) error { panic("bug") }) })
	if w.receiver == nil || len(w.reasons) != 1 || w.reasons[0] != HandlerPanic {
		t.Errorf("receiver %v, closed for %q", w.receiver, w.reasons)
	}
}

func TestASocketThatComesBackByTheSameIDKeepsItsPlace(t *testing.T) {
	t.Parallel()
	sockets := newSockets()
	old, again := &Socket{id: "/admin#x"}, &Socket{id: "/admin#x"}
	sockets.add(old, func() {})
	sockets.add(again, func() {})
	sockets.remove(old)
	if sockets.get("/admin#x") != again {
		t.Error("the goodbye of the old socket took the new one out")
	}
}

func TestVetAsksMiddlewaresAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := NewServer(Options{})
	t.Cleanup(func() { server.Shutdown(t.Context()) })
	ns, connected := server.Of("/"), 0
	ns.OnConnect(func(*Socket) { connected++ })
	var vetted *Socket
	ns.Use(func(s *Socket, h *Handshake) error {
		vetted = s
		s.Join("lobby")
		ns.To("lobby").Emit("nobody is there")
		s.CloseAt(time.Now(), HandlerPanic)
		s.Disconnect(true)
		if h.Host == "bad" {
			return &ConnectError{Message: "denied"}
		}
		return nil
	})
	if err := ns.Vet(&Handshake{Host: "good"}); err != nil {
		t.Errorf("refused: %v", err)
	}
	var refusal *ConnectError
	if err := ns.Vet(&Handshake{Host: "bad"}); !errors.As(err, &refusal) || refusal.Message != "denied" {
		t.Errorf("not refused: %v", err)
	}
	if ns.Sockets() != 0 || connected != 0 || len(vetted.Rooms()) != 0 || vetted.Join("lobby") == nil || vetted.Emit("x") == nil {
		t.Error("something of it is left")
	}
}
