package socketio

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// userOf is a middleware that takes the user from the auth, which is {"user":"…"}.
func userOf(s *Socket, h *Handshake) error {
	switch {
	case bytes.Contains(h.Auth, []byte(`"user":"ann"`)):
		h.User = "ann"
	case bytes.Contains(h.Auth, []byte(`"user":"bob"`)):
		h.User = "bob"
	default:
		return &ConnectError{Message: "who?"}
	}
	s.Data = h.User
	return nil
}

const ann, bob = `"user":"ann"`, `"user":"bob"`

func TestSomeEndsEndTheSessionAndOthersKeepIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*returning, *Socket)
		kept bool
	}{
		"client disconnects":     {func(r *returning, _ *Socket) { r.say("1") }, false},
		"server disconnects":     {func(_ *returning, s *Socket) { s.Disconnect(false) }, false},
		"server disconnects all": {func(_ *returning, s *Socket) { s.Disconnect(true) }, false},
		"room is disconnected":   {func(_ *returning, s *Socket) { s.namespace.To("r").Disconnect(true) }, false},
		"given up by the app":    {func(_ *returning, s *Socket) { s.Close(GivenUp) }, false},
		"unreadable packet":      {func(r *returning, _ *Socket) { r.say("2{}") }, false},
		"lost connection":        {func(r *returning, _ *Socket) { r.conn.Close() }, true},
		"closed by the server":   {func(_ *returning, s *Socket) { s.Close("maintenance") }, true},
		"closed at a time":       {func(_ *returning, s *Socket) { s.CloseAt(time.Now().Add(time.Second), "token expired") }, true},
		"a handler panics":       {func(r *returning, _ *Socket) { r.say(`2["panic"]`) }, true},
		"no such namespace left": {func(r *returning, _ *Socket) { r.say(`2/n,["x"]`) }, true},
		"the client is too slow": {func(_ *returning, s *Socket) { s.Emit("x", make([]int, 1<<20)) }, true},
		"the engine protocol":    {func(r *returning, _ *Socket) { r.conn.Say("2") }, true},
		"silence to pings":       {func(r *returning, _ *Socket) { time.Sleep(time.Minute) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sessions := &savedSessions{}
				m, observer := serveRecovery(t, Recovery{Sessions: sessions})
				ns := m.server.Of("/")
				ns.On("panic", func(*Socket, *Event) { panic("a bug") })
				a := m.arrive("/", nil)
				a.enters("r")
				test.end(a, ns.sockets.get(a.sid))
				time.Sleep(2 * time.Second)
				m.drop(a)
				ns.To("r").Kept(0).Emit("said", 1)
				if ended := sessions.takeEnded(); (len(ended) == 0) != test.kept || !test.kept && ended[0] != "/ "+a.sid {
					t.Errorf("ended: %q", ended)
				}
				b := m.arrive("/", a)
				if !test.kept {
					b.expectNew(a)
					b.expectAlive()
					observer.expect(t, "unknown")
					return
				}
				b.expectBack(a)
				b.expectNext(`2["said",1]`)
				observer.expect(t, "memory 1")
			})
		})
	}
}

func TestSessionIsKeptForTheWindowAndNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, observer := serveRecovery(t, Recovery{Window: 10 * time.Second, Sessions: sessions})
		a, b := m.arrive("/", nil), m.arrive("/", nil)
		m.drop(a)
		time.Sleep(5 * time.Second)
		m.drop(b)
		if state := m.server.Recovery(); state.Away != 2 {
			t.Errorf("state %+v", state)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		sessions.generation.Add(1) // now they might be claimed
		m.arrive("/", a).expectNew(a)
		m.arrive("/", b).expectBack(b)
		if ended := sessions.takeEnded(); len(ended) != 1 || ended[0] != "/ "+a.sid {
			t.Errorf("ended %q", ended)
		}
		observer.expect(t, "unknown", "none 0")
		time.Sleep(2 * time.Minute) // both are silent to pings
		synctest.Wait()
		if state := m.server.Recovery(); state.Away != 0 || state.Forgotten != 0 {
			t.Errorf("state %+v", state)
		}
		if ended := sessions.takeEnded(); len(ended) != 2 {
			t.Errorf("ended %q", ended)
		}
	})
}

// Pages join again with every focus. While sessions can't be saved, an unchanged one is no reason to give it up.
func TestJoiningARoomAgainLeavesNothingToSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, _ := serveRecovery(t, Recovery{Sessions: sessions})
		m.arrive("/", nil).enters("r")
		changes := sessions.changes.Load()
		m.server.Of("/").Each(func(s *Socket) {
			if err := s.Join("r"); err != nil {
				t.Error(err)
			}
			if n := sessions.changes.Load() - changes; n != 0 {
				t.Errorf("joining again was saved %d times", n)
			}
			s.Leave("r")
			if n := sessions.changes.Load() - changes; n != 1 {
				t.Errorf("leaving was saved %d times", n)
			}
		})
	})
}

// The page disconnects and connects again as somebody else, or its cookie has changed while it was away.
func TestSessionOfAnotherUserIsNotTakenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		ns.Use(userOf)
		a := m.arrive("/", nil, ann)
		a.enters("r")
		live := m.arrive("/", a, bob).expectNew(a) // while the first is still connected
		a.expectAlive()
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 1)
		away := m.arrive("/", a, bob).expectNew(a)
		live.expectAlive()
		away.expectAlive()
		observer.expect(t, "user", "user")
		back := m.arrive("/", a, ann).expectBack(a)
		back.expectNext(`2["said",1]`)
		if user := ns.sockets.get(a.sid).Session().User; user != "ann" {
			t.Errorf("user %q", user)
		}
	})
}

func TestClientThatIsRefusedMayTryAgainForItsSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		m.server.Of("/").Use(userOf)
		a := m.arrive("/", nil, ann)
		m.drop(a)
		c := &returning{client: m.dial(), namespace: "/"}
		c.say(`0{"pid":"` + a.pid + `"}`)
		c.expect(`4{"message":"who?"}`)
		c.connect(`{"pid":"` + a.pid + `",` + ann + `}`)
		c.expectBack(a)
	})
}

func TestApplicationKeepsRoomsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, observer := serveRecovery(t, Recovery{Sessions: sessions})
		ns := m.server.Of("/")
		var granted []string
		var fault error
		var asked [][]string
		ns.OnRecover(func(s *Socket, rooms []string) ([]string, error) {
			if !s.Recovered() || len(s.Rooms()) != 0 {
				t.Errorf("recovered %v, rooms %q", s.Recovered(), s.Rooms())
			}
			asked = append(asked, rooms)
			return granted, fault
		})
		a := m.arrive("/", nil)
		a.enters("r", "q")
		m.drop(a)
		ns.To("r").Kept(0).Emit("said", 1)
		ns.To("q").Kept(0).Emit("said", 2)
		granted = []string{"q", "secret"}
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",2]`)
		ns.To("r", "secret").Kept(0).Emit("said", 3)
		b.expectAlive()
		m.drop(b)
		fault = errors.New("the database is away")
		c := m.arrive("/", b).expectNew(a)
		c.expectAlive()
		if s := ns.sockets.get(c.sid); s.Recovered() || len(s.Rooms()) != 0 {
			t.Error("it has rooms")
		}
		if len(asked) != 2 || !slices.Equal(asked[0], []string{"r", "q"}) || !slices.Equal(asked[1], []string{"q"}) {
			t.Errorf("asked %q", asked)
		}
		observer.expect(t, "memory 1", "refused")
		if ended := sessions.takeEnded(); len(ended) != 1 {
			t.Errorf("ended %q", ended)
		}
	})
}

// Places are counted as for anybody.
func TestWhoComesBackNeedsAPlaceToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := serve(t, Options{
			Engine: engineio.Options{MaxConnectionsPerUser: 1}, Recovery: &Recovery{},
		}, func(s *Server) { s.Of("/").Use(userOf) })
		a := m.arrive("/", nil, ann)
		m.drop(a)
		b := m.arrive("/", nil, ann)
		c := m.dial()
		c.say(`0{"pid":"` + a.pid + `",` + ann + `}`)
		c.expect(`4{"message":"Too many connections","data":{"code":"too_many_connections"}}`)
		c.expectClosed()
		m.drop(b)
		m.arrive("/", a, ann).expectBack(a)
	})
}

func TestCloseAtCountsForWhoComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		m.server.Of("/").Use(func(s *Socket, _ *Handshake) error {
			s.CloseAt(time.Now().Add(time.Second), "token expired")
			return nil
		})
		a := m.arrive("/", nil)
		m.drop(a)
		m.arrive("/", a).expectBack(a).expectClosed()
		m.expectEnd("token expired")
	})
}

// A room that a middleware joins is entered with the others, so that nothing is told between.
func TestRoomsThatAMiddlewareJoinsComeBackWithTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		ns.Use(func(s *Socket, _ *Handshake) error { return s.Join("own") })
		refuse := false
		ns.OnRecover(func(s *Socket, rooms []string) ([]string, error) {
			if ns.rooms.room("own") != nil {
				t.Error("it is in the room")
			}
			if refuse {
				return nil, errors.New("no")
			}
			return rooms, nil
		})
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		ns.To("own").Kept(0).Emit("said", 1)
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",1]`)
		if rooms := ns.sockets.get(a.sid).Rooms(); !slices.Equal(rooms, []string{"own", "r"}) {
			t.Errorf("rooms %q", rooms)
		}
		m.drop(b)
		refuse = true
		c := m.arrive("/", b).expectNew(a)
		if rooms := ns.sockets.get(c.sid).Rooms(); !slices.Equal(rooms, []string{"own"}) {
			t.Errorf("rooms %q", rooms)
		}
		observer.expect(t, "memory 1", "refused")
	})
}
