package attach

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// newOwnWorld is a gateway with a handler of its own: join.
func newOwnWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, counted: &tally{}}
	o.Logger = slog.New(slog.DiscardHandler)
	o.Keys, o.Observer, o.Events = []string{testKey}, w.counted, []string{"join"}
	w.hub = New(o)
	server := socketio.NewServer(socketio.Options{
		Front: w.hub.Front, Engine: engineio.Options{CloseGrace: 50 * time.Millisecond, MaxPending: 1000, PendingPayload: 32 << 10},
		Recovery: &socketio.Recovery{Window: time.Minute, Buffer: 1 << 20, Limit: 100},
	})
	ns := server.Of("/")
	w.hub.Own(ns, Gate{
		Who: func(*socketio.Socket) json.RawMessage { return json.RawMessage(`{"userId":"u1"}`) },
		Enter: func(s *socketio.Socket, rooms []string) {
			for _, room := range rooms {
				s.Join(room)
			}
		},
		Leave: func(s *socketio.Socket, rooms []string) {
			for _, room := range rooms {
				s.Leave(room)
			}
		},
		Hidden: func(room string) bool { return room == "hidden" },
	})
	ns.Use(func(s *socketio.Socket, _ *socketio.Handshake) error { return s.Join("hidden") })
	ns.On("join", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		e.Decode(&room)
		s.Join(room)
		e.Ack("joined")
	})
	ns.OnOther(func(s *socketio.Socket, e *socketio.Event) { w.hub.PassEvent(s, e) })
	web := httptest.NewServer(server)
	w.serve(web, server.Shutdown)
	return w
}

// login connects to the gateway's own namespace, and is given its socket's id.
func (b *browser) login() (sid string) {
	b.t.Helper()
	b.say(`40{"token":"x"}`)
	packet, err := b.Await("40{")
	var reply struct{ SID string }
	if err != nil || json.Unmarshal([]byte(packet[2:]), &reply) != nil || reply.SID == "" {
		b.t.Fatalf("connected by %q, %v", packet, err)
	}
	return reply.SID
}

func TestTheGatewaysHandlersComeFirstAndTheAppHasTheRest(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	sid := b.login()
	o := p.opened()
	if len(o.Sockets) != 1 || o.Sockets[0].SID != sid || !o.Sockets[0].Fresh || string(o.Sockets[0].User) != `{"userId":"u1"}` ||
		string(o.Sockets[0].Auth) != `{"token":"x"}` || !slices.Equal(o.Sockets[0].Rooms, []string{sid}) {
		t.Errorf("opened %+v", o.Sockets)
	}
	p.of(opTaken, o.Client)
	b.say(`420["join","r"]`, `421["typing",{"room":"r"}]`, `451-["bin",{"_placeholder":true,"num":0}]`)
	b.SayBinary([]byte{1})
	b.hears(`430["joined"]`)
	d := p.expect(opMoved)
	if c, nsp, joined, left := d.uvarint(), d.string(), d.list(), d.list(); c != o.Client || nsp != "/" || !slices.Equal(joined, []string{"r"}) || len(left) != 0 {
		t.Errorf("moved to %v from %v", joined, left)
	}
	p.packet(o.Client, `21["typing",{"room":"r"}]`)
	p.packet(o.Client, `51-["bin",{"_placeholder":true,"num":0}]`, "\x01")
	p.send(o.Client, 0, `31["ok"]`)
	b.hears(`431["ok"]`)

	p.join(opJoin, o.Client, "/", "of the app")
	p.cast("/", 0, []string{"r"}, nil, `2["one",{}]`)
	p.cast("/", 0, []string{"of the app", "r"}, nil, `2["two","a text"]`) // which a client would take for an offset
	p.cast("/", 0, nil, []string{"of the app"}, `2["nobody"]`)
	p.cast("/", flagOwnOnly, nil, nil, `51-["three",{"_placeholder":true,"num":0}]`, "\x02")
	b.hears(`42["one",{}]`, `42["two","a text",null]`, `451-["three",{"_placeholder":true,"num":0}]`, "\x02")
	p.join(opLeave, o.Client, "/", "r")
	p.cast("/", 0, []string{"r"}, nil, `2["no more"]`)
	p.send(o.Client, 0, fmt.Sprintf(`2%d["ask"]`, firstAppAck))
	b.hears(fmt.Sprintf(`42%d["ask",null]`, firstAppAck))
	b.say(`4312["an ack of the gateway's own"]`, fmt.Sprintf(`43%d["answer"]`, firstAppAck))
	p.packet(o.Client, fmt.Sprintf(`3%d["answer"]`, firstAppAck))
}

func TestOtherNamespacesAreTheAppsWhollyAndTheirClientsToo(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	b.say(`40/admin,{"x":1}`)
	o := p.opened()
	p.packet(o.Client, `0/admin,{"x":1}`)
	p.socket(o.Client, "/admin", "s2")
	p.send(o.Client, 0, `0/admin,{"sid":"s2"}`)
	b.hears(`40/admin,{"sid":"s2"}`)
	sid := b.login()
	var in letIn
	p.expect(opLetIn).json(&in)
	if in.Client != o.Client || len(in.Sockets) != 1 || in.Sockets[0].SID != sid || !in.Sockets[0].Fresh {
		t.Errorf("let in %+v", in)
	}
	p.cast("/admin", 0, []string{"s2"}, nil, `2/admin,["hi"]`)
	b.hears(`42/admin,["hi"]`)
	b.say(`42/admin,["hello"]`, `42["to the root"]`)
	p.packet(o.Client, `2/admin,["hello"]`)
	p.packet(o.Client, `2["to the root"]`)
}

func TestLeavingTheGatewaysNamespaceIsToldBothWays(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	b.login()
	c := p.opened().Client
	b.say(`41`)
	p.packet(c, `1`)
	b.login()
	p.expect(opLetIn)
	p.send(c, 0, `1`)
	p.say(opGone, appendText(binary.AppendUvarint(nil, c), "/")...)
	b.hears(`41`)
	b.login()
	p.expect(opLetIn)
	b.Leave()
	p.expectClosed(c, "transport close")
}

// Nothing that the gateway handles itself waits for an app, however long there is none; what is for the app does.
func TestWithoutAnAppTheGatewaysHandlersGoOn(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{Hold: 300 * time.Millisecond})
	b, talker := w.browse(), w.browse()
	sid := b.login()
	talker.login()
	talker.say(`42["for the app"]`)
	talker.isClosed()
	b.say(`420["join","r"]`)
	b.hears(`430["joined"]`)
	p := w.ready("late")
	o := p.opened()
	if !o.Sockets[0].Fresh || !slices.Equal(o.Sockets[0].Rooms, []string{sid, "r"}) {
		t.Errorf("opened %+v", o.Sockets)
	}
	p.of(opTaken, o.Client)
	p.expect(opPresented)
	p.Close()
	eventually(t, "the loss of the link", func() bool { return w.hub.Stats().Waiting == 1 })
	b.say(`42["held"]`, `421["join","q"]`)
	b.hears(`431["joined"]`)
	p = w.ready("next")
	o = p.opened()
	if o.Sockets[0].Fresh || !slices.Equal(o.Sockets[0].Rooms, []string{sid, "r", "q"}) {
		t.Errorf("opened %+v", o.Sockets)
	}
	p.packet(o.Client, `2["held"]`)
}

// A client that was told that it is connected can be moved and taken out before the app is told of it.
func TestRoomsThatASocketIsTakenIntoAsItComesAreToldToTheApp(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	own := make(chan *socketio.Socket, 1)
	w.hub.gate.Who = func(s *socketio.Socket) json.RawMessage {
		s.Join("early")
		own <- s
		return nil
	}
	moved := make(chan struct{})
	var once sync.Once
	w.hub.gate.Hidden = func(room string) bool {
		once.Do(func() { // its rooms were read
			s := <-own
			go func() { s.Join("late"); close(moved) }()
			select {
			case <-moved:
			case <-time.After(20 * time.Millisecond): // it has to wait for the hub
			}
		})
		return room == "hidden"
	}
	w.browse().login()
	o := p.opened()
	rooms := o.Sockets[0].Rooms
	<-moved
	if !slices.Contains(rooms, "late") {
		d := p.expect(opMoved)
		_, _, joined, _ := d.uvarint(), d.string(), d.list(), d.list()
		rooms = append(rooms, joined...)
	}
	if !slices.Equal(rooms[1:], []string{"early", "late"}) {
		t.Errorf("the app knows of the rooms %q", rooms)
	}
}

func TestASocketThatIsTakenOutAsItComesIsNoneOfTheApps(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	var once sync.Once
	w.hub.gate.Who = func(s *socketio.Socket) json.RawMessage {
		once.Do(func() { s.Disconnect(false) })
		return nil
	}
	b := w.browse()
	b.login()
	b.hears("41")
	sid := b.login()
	if o := p.opened(); len(o.Sockets) != 1 || o.Sockets[0].SID != sid {
		t.Errorf("the app has %+v; the client has %s", o.Sockets, sid)
	}
}

// As in other namespaces, where an app has what a client says joined room by room; and the gateway's handlers are asked for rooms too.
func TestOneOfManyRoomsOfBothCostsNoMoreThanOneOfFew(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, Options{})
	own := make(chan *socketio.Socket, 1)
	w.hub.gate.Who = func(s *socketio.Socket) json.RawMessage { own <- s; return nil }
	w.browse().login()
	s := <-own
	c := w.hub.clientOf(s)
	eventually(t, "its seat", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.socketOf("/") != nil
	})
	costsTheSame(t, 250, func(names []string) {
		for _, name := range names {
			w.hub.moveOwn(c, []string{name}, true)
		}
		for _, name := range names {
			s.Leave(name)
		}
		for _, name := range names {
			s.Join(name)
		}
		for _, name := range names {
			w.hub.moveOwn(c, []string{name}, false)
		}
	})
}
