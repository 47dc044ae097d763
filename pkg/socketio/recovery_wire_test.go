package socketio

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// plainText encodes to a JSON string without being one.
type plainText struct{}

func (plainText) MarshalText() ([]byte, error) { return []byte("t"), nil }

// Clients with a pid take a string at an event's end for an offset, and the name of an event without arguments.
func TestOnlyKeptEventsEndInAString(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/n")
		sockets := make(chan *Socket, 1)
		ns.OnConnect(func(s *Socket) { sockets <- s })
		a := m.arrive("/n", nil)
		s := <-sockets
		for name, emit := range map[string]func(event string, args ...any) error{
			"socket":             s.Emit,
			"volatile socket":    s.EmitVolatile,
			"namespace":          ns.Emit,
			"room":               ns.To(a.sid).Emit,
			"volatile broadcast": ns.Volatile().Emit,
			"union":              ns.To(a.sid, "r").Except("q").Emit,
		} {
			for _, test := range []struct {
				args []any
				want string
			}{
				{nil, `2/n,["e",null]`},
				{[]any{"text"}, `2/n,["e","text",null]`},
				{[]any{nil, json.RawMessage(` "text"`)}, `2/n,["e",null, "text",null]`},
				{[]any{plainText{}}, `2/n,["e","t",null]`},
				{[]any{1}, `2/n,["e",1]`},
				{[]any{"text", nil}, `2/n,["e","text",null]`},
				{[]any{[]string{"text"}}, `2/n,["e",["text"]]`},
				{[]any{Binary("b"), "text"}, `51-/n,["e",{"_placeholder":true,"num":0},"text",null]`},
				{[]any{"text", Binary("b")}, `51-/n,["e","text",{"_placeholder":true,"num":0}]`},
			} {
				synctest.Wait() // volatile events find the queue empty
				if err := emit("e", test.args...); err != nil {
					t.Fatal(err)
				}
				if got := a.hear(); got != test.want {
					t.Errorf("%s: got %s, want %s", name, got, test.want)
				}
				if strings.HasPrefix(test.want, "5") {
					a.frame()
				}
			}
		}
		go s.EmitWithAck(t.Context(), "e", "text")
		a.expect(`2/n,0["e","text"]`)
		a.say(`3/n,0[]`)
	})
}

func TestKeptEventEndsInItsOffset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(35).Emit("said", "text")
		ns.To("r").Kept(36).Emit("said")
		ns.To("r").Volatile().Kept(100).Emit("said", 1, Binary("b"))
		a.expect(`2["said","text","z"]`)
		a.expect(`2["said","10"]`)
		a.expect(`51-["said",1,{"_placeholder":true,"num":0},"2s"]`)
		if got, err := a.frame(); err != nil || got != "b" {
			t.Errorf("attachment %q, %v", got, err)
		}
		a.offset = "z"
		m.drop(a)
		b := m.arrive("/", a).expectBack(a)
		b.expect(`2["said","10"]`)
		b.expect(`51-["said",1,{"_placeholder":true,"num":0},"2s"]`)
		if got, err := b.frame(); err != nil || got != "b" {
			t.Errorf("attachment %q, %v", got, err)
		}
		b.expectAlive()
	})
}

// Offsets must not step back: who has had the later one would never hear of the earlier.
func TestEventThatComesTooLateIsToldAndNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{Head: 5})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(5).Emit("said", "late")
		ns.To("r").Kept(7).Emit("said", 7)
		ns.To("r").Kept(7).Emit("said", "again")
		ns.To("r").Kept(6).Emit("said", "late")
		a.expect(`2["said","late",null]`)
		a.expect(`2["said",7,"7"]`)
		a.expect(`2["said","again",null]`)
		a.expect(`2["said","late",null]`)
		m.drop(a)
		b := m.arrive("/", a).expectBack(a)
		b.expect(`2["said",7,"7"]`)
		b.expectAlive()
	})
}

func TestV2ClientsGetNeitherPidNorOffsetNorNull(t *testing.T) {
	t.Parallel()
	server := NewServer(Options{Recovery: &Recovery{}})
	t.Cleanup(func() { server.Shutdown(t.Context()) })
	ns := server.Of("/")
	ns.OnConnect(func(s *Socket) { s.Join("r") })
	w := &wire{t: t}
	w.receiver = server.Adopt(w, &Handshake{Header: http.Header{}, Auth: []byte(`{"pid":"` + strings.Repeat("p", 42) + `"}`)})
	w.expect("0")
	line := &line{}
	client := server.newConn(line, &Handshake{})
	client.Message([]byte("0"), false)
	ns.To("r").Kept(5).Emit("said", "kept")
	ns.To("r").Kept(6).Emit("said", Binary("b"))
	ns.Emit("typing")
	ns.sockets.get(w.ID()).Emit("you", "text")
	w.expect(`2["said","kept"]`, `51-["said",{"_placeholder":true,"num":0}]`, "binary b", `2["typing"]`, `2["you","text"]`)
	var got []string
	for _, p := range line.take(100)[1:] {
		_, data := p.Payload()
		got = append(got, string(data[1:]))
	}
	if want := []string{`2["said","kept","5"]`, `51-["said",{"_placeholder":true,"num":0},"6"]`, "", `2["typing",null]`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	w.receiver.Closed(engineio.TransportClose)
	if state := server.Recovery(); state.Away != 0 || state.Events != 2 {
		t.Errorf("state %+v", state)
	}
}

// Without Recovery, Kept says nothing, and the frames are what they were.
func TestWithoutRecoveryNothingIsKept(t *testing.T) {
	t.Parallel()
	m := serve(t, Options{}, func(s *Server) { joinable(s.Of("/")) })
	ns := m.server.Of("/")
	a := m.dial()
	a.say(`0{"pid":"` + strings.Repeat("p", 42) + `","offset":"5"}`)
	if got := a.hear(); sidReply.FindStringSubmatch(got[1:]) == nil {
		t.Errorf("CONNECT was answered by %q", got)
	}
	a.say(`27["join","r"]`)
	a.expect("37[]")
	ns.To("r").Kept(5).Emit("said", "text")
	ns.To("r").Kept(0).Emit("said")
	a.expect(`2["said","text"]`)
	a.expect(`2["said"]`)
	if state := m.server.Recovery(); state != (RecoveryState{}) {
		t.Errorf("state %+v", state)
	}
}

// clusterOffsets notes the offsets that a cluster is told.
type clusterOffsets struct {
	*meshMember
	offsets []Offset
}

func (c *clusterOffsets) Broadcast(_ *Namespace, to Target, _ string, _ []json.RawMessage) {
	c.offsets = append(c.offsets, to.Offset)
}

func TestClusterIsToldOffsetsAndTellsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cluster := &clusterOffsets{meshMember: new(mesh).member()}
		m := serve(t, Options{Cluster: cluster, Recovery: &Recovery{}}, func(s *Server) { joinable(s.Of("/")) })
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(7).Emit("said", 1)
		ns.To("r").Emit("typing", 2)
		ns.Local(Target{Rooms: []string{"r"}, Offset: 8}).Emit("said", 3)
		ns.To("r").Kept(0).Emit("said", 4)
		if o := cluster.offsets; len(o) != 3 || o[0] != 7 || o[1] != 0 || o[2] != m.server.recovery.reached() || o[2] <= 8 {
			t.Errorf("offsets %v", o)
		}
		m.drop(a)
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",1]`, `2["said",3]`, `2["said",4]`)
		b.expectAlive()
		if _, err := ns.To().Sockets(t.Context()); err != nil {
			t.Error(fmt.Errorf("sockets: %w", err))
		}
	})
}
