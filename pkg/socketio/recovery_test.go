package socketio

import (
	"testing"
	"testing/synctest"
	"time"
)

// rooms sets up a namespace whose clients say which rooms they enter and leave.
func joinable(ns *Namespace) {
	ns.On("join", func(s *Socket, e *Event) {
		var room string
		e.Decode(&room)
		s.Join(room)
		e.Ack()
	})
	ns.On("leave", func(s *Socket, e *Event) {
		var room string
		e.Decode(&room)
		s.Leave(room)
		e.Ack()
	})
}

// serveRecovery serves joinable "/" and "/n".
func serveRecovery(t testing.TB, r Recovery) (*memory, *counts) {
	t.Helper()
	observer := &counts{}
	r.Observer = observer
	return serve(t, Options{Recovery: &r}, func(s *Server) {
		joinable(s.Of("/"))
		joinable(s.Of("/n"))
	}), observer
}

// enters has the client join rooms.
func (r *returning) enters(rooms ...string) {
	r.t.Helper()
	for _, room := range rooms {
		r.say(r.head("2") + `7["join","` + room + `"]`)
		r.expect(r.head("3") + "7[]")
	}
}

// drop loses the connection, and waits until the server knows.
func (m *memory) drop(r *returning) {
	r.conn.Close()
	synctest.Wait()
	for len(m.ended) > 0 {
		<-m.ended
	}
}

func TestClientThatComesBackHasItsSessionAndWhatItMissed(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"/", "/n"} {
		synctest.Test(t, func(t *testing.T) {
			m, observer := serveRecovery(t, Recovery{})
			ns := m.server.Of(namespace)
			a := m.arrive(namespace, nil)
			a.enters("r", "q")
			ns.To("r").Kept(0).Emit("said", 1)
			a.expectNext(a.head("2") + `["said",1]`)
			m.drop(a)
			ns.To("r").Kept(0).Emit("said", 2)
			ns.To("other").Kept(0).Emit("said", 3)
			time.Sleep(time.Minute)
			ns.To("q").Kept(0).Emit("said", 4)
			ns.To("r").Emit("typing", 5)
			b := m.arrive(namespace, a).expectBack(a)
			b.expectNext(b.head("2")+`["said",2]`, b.head("2")+`["said",4]`)
			ns.To("q").Kept(0).Emit("said", 6)
			b.expectNext(b.head("2") + `["said",6]`)
			b.expectAlive()
			observer.expect(t, "memory 2")
		})
	}
}

// What a client has confirmed by its offset does not come again, and what was cut off in the middle of a replay does.
func TestReplayThatWasCutOffGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		for i := range 5 {
			ns.To("r").Kept(0).Emit("said", i)
		}
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",0]`, `2["said",1]`)
		m.drop(b)
		ns.To("r").Kept(0).Emit("said", 5)
		c := m.arrive("/", b).expectBack(a)
		c.expectNext(`2["said",2]`, `2["said",3]`, `2["said",4]`, `2["said",5]`)
		c.expectAlive()
		observer.expect(t, "memory 5", "memory 4")
	})
}

// A client that heard nothing has no offset. What counts then is when it joined.
func TestClientWithoutAnOffsetGetsWhatWasToldSinceItJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		ns.To().Kept(0).Emit("all", "before")
		ns.To("r", "q").Kept(0).Emit("said", "before")
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		ns.To("q").Kept(0).Emit("said", "elsewhere")
		ns.To("r").Kept(0).Emit("said", "to the room")
		ns.To(a.sid).Kept(0).Emit("said", "to the socket")
		ns.To().Kept(0).Emit("said", "to all")
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said","to the room"]`, `2["said","to the socket"]`, `2["said","to all"]`)
		b.expectAlive()
		observer.expect(t, "memory 3")
	})
}

// An offset outlives the session that it was heard in: a page that disconnects and connects again sends the old one.
func TestOffsetOfAnEarlierSessionRepeatsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(0).Emit("said", 1)
		a.expectNext(`2["said",1]`)
		a.say("1")
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 2)
		ns.To().Kept(0).Emit("all", 2)
		b := m.arrive("/", a).expectNew(a)
		b.enters("r")
		m.drop(b)
		ns.To("r").Kept(0).Emit("said", 3)
		c := m.arrive("/", b).expectBack(b)
		c.expectNext(`2["said",3]`)
		c.expectAlive()
		observer.expect(t, "unknown", "memory 1")
	})
}

func TestRoomThatWasLeftIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r", "q")
		a.say(`27["leave","r"]`)
		a.expect("37[]")
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 1)
		b := m.arrive("/", a).expectBack(a)
		b.expectAlive()
		observer.expect(t, "none 0")
		if rooms := ns.sockets.get(a.sid).Rooms(); len(rooms) != 1 || rooms[0] != "q" {
			t.Errorf("rooms %q", rooms)
		}
	})
}

func TestTabsOfOneUserComeBackEachToItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a, b := m.arrive("/", nil), m.arrive("/", nil)
		a.enters("r")
		b.enters("q")
		m.drop(a)
		m.drop(b)
		ns.To("r").Kept(0).Emit("said", 1)
		ns.To("q").Kept(0).Emit("said", 2)
		b2, a2 := m.arrive("/", b).expectBack(b), m.arrive("/", a).expectBack(a)
		a2.expectNext(`2["said",1]`)
		b2.expectNext(`2["said",2]`)
		a2.expectAlive()
		b2.expectAlive()
	})
}

// Whoever is excepted when an event is told is when it is told again.
func TestExceptedSocketsAreNotToldLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r", "q")
		m.drop(a)
		ns.To("r").Except(a.sid).Kept(0).Emit("said", 1)
		ns.To("r").Except("q").Kept(0).Emit("said", 2)
		ns.To("r").Except("x").Kept(0).Emit("said", 3)
		ns.To("r", "q").Kept(0).Emit("said", 4)
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",3]`, `2["said",4]`)
		b.expectAlive()
	})
}

// What a client has buffered comes right behind its CONNECT.
func TestPacketsBehindTheConnectFindTheRoomsJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		ns.OnConnect(func(s *Socket) { s.Emit("hello", s.Recovered(), s.Rooms()) })
		ns.On("say", func(s *Socket, e *Event) { ns.To("r").Kept(0).Emit("said", e.Args[0], s.In("r")) })
		a := m.arrive("/", nil)
		a.expectNext(`2["hello",false,[]]`)
		a.enters("r")
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 1, true)
		b := &returning{client: m.dial(), namespace: "/"}
		b.say(`0{"pid":"` + a.pid + `"}`)
		b.say(`2["say",2]`)
		if got, want := b.hear(), `0{"sid":"`+a.sid+`","pid":"`+a.pid+`"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		b.expectNext(`2["said",1,true]`, `2["hello",true,["r"]]`, `2["said",2,true]`)
	})
}
