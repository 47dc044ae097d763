package socketio

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// roomsOf counts the rooms that a namespace holds.
func roomsOf(ns *Namespace) (n int) {
	a := ns.rooms
	for i := range a.shards {
		a.shards[i].mu.RLock()
		n += len(a.shards[i].byName)
		a.shards[i].mu.RUnlock()
	}
	return n
}

// member is a client with its socket.
type member struct {
	*client
	socket *Socket
}

// serveMembers serves "/" and returns as many members, in the order of their connecting.
func serveMembers(t testing.TB, n int) (*Namespace, []member) {
	t.Helper()
	sockets := make(chan *Socket, 1)
	m := serve(t, Options{}, func(s *Server) { s.Of("/").OnConnect(func(s *Socket) { sockets <- s }) })
	members := make([]member, n)
	for i := range members {
		c := m.connect("/")
		members[i] = member{c, within(t, sockets, "a socket")}
	}
	return m.server.Of("/"), members
}

func (m member) join(rooms ...string) {
	m.t.Helper()
	for _, room := range rooms {
		if err := m.socket.Join(room); err != nil {
			m.t.Fatalf("join %s: %v", room, err)
		}
	}
}

func TestBroadcastsReachWhomTheyAddressOnceEach(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 5)
	members[0].join("a")
	members[1].join("b")
	members[2].join("a", "b")
	members[3].join("c")
	id := func(i int) string { return members[i].socket.ID() }
	for name, test := range map[string]struct {
		to   Broadcast
		want []int
	}{
		"room":                           {ns.To("a"), []int{0, 2}},
		"union":                          {ns.To("a", "b"), []int{0, 1, 2}},
		"union in two steps":             {ns.To("a").To("b"), []int{0, 1, 2}},
		"same room twice":                {ns.To("a", "a"), []int{0, 2}},
		"without a room":                 {ns.To("a", "b", "c").Except("b"), []int{0, 3}},
		"without the sender":             {ns.To("a").Except(id(0)), []int{2}},
		"private rooms":                  {ns.To(id(4), id(0)), []int{0, 4}},
		"private and common room":        {ns.To(id(0), "a"), []int{0, 2}},
		"everybody":                      {Broadcast{ns: ns}, []int{0, 1, 2, 3, 4}},
		"everybody without two rooms":    {Broadcast{ns: ns}.Except("a", "c"), []int{1, 4}},
		"no such room":                   {ns.To("none"), nil},
		"without a room that is not one": {ns.To("a").Except("none"), []int{0, 2}},
	} {
		if err := test.to.Emit("x", name); err != nil {
			t.Fatal(err)
		}
		for i, m := range members {
			if slices.Contains(test.want, i) {
				m.expect(`2["x","` + name + `"]`)
			}
			m.expectAlive() // and nothing else came
		}
	}
}

func TestBroadcastIsAValue(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 2)
	members[0].join("a")
	members[1].join("b")
	base := ns.To("none")
	first, second := base.To("a"), base.To("b")
	first.Emit("first")
	second.Emit("second")
	members[0].expect(`2["first"]`)
	members[1].expect(`2["second"]`)
	members[0].expectAlive()
	members[1].expectAlive()
}

func TestAllMembersOfARoomGetOneOrder(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 6)
	for _, m := range members {
		m.join("room")
	}
	const senders, each = 4, 200
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			to := ns.To("room")
			if sender%2 == 1 {
				to = to.Except("nobody") // the way of broadcasts with exceptions
			}
			for i := range each {
				to.Emit("x", sender, i)
			}
		})
	}
	orders := make([][]string, len(members))
	var reading sync.WaitGroup
	for i, m := range members {
		reading.Go(func() {
			for range senders * each {
				packet, err := m.frame()
				if err != nil {
					t.Error(err)
					return
				}
				orders[i] = append(orders[i], packet)
			}
		})
	}
	sending.Wait()
	reading.Wait()
	for i := range orders {
		if !slices.Equal(orders[i], orders[0]) {
			t.Errorf("members 0 and %d got different orders", i)
		}
	}
}

func TestPrivateRoomsAreNotJoinedByOthers(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 2)
	own, other := members[0], members[1].socket.ID()
	if err := own.socket.Join(other); !errors.Is(err, ErrPrivateRoom) {
		t.Errorf("joining another's room: %v, want ErrPrivateRoom", err)
	}
	if err := own.socket.Join(own.socket.ID()); err != nil {
		t.Errorf("joining the own room: %v", err)
	}
	if own.socket.Leave(own.socket.ID()) {
		t.Error("the own room was left")
	}
	ns.To(own.socket.ID()).Emit("private")
	own.expect(`2["private"]`)
	own.expectAlive()
	members[1].expectAlive()
}

func TestRoomsAreJoinedAndLeft(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 1)
	s := members[0].socket
	members[0].join("a", "b", "a", "c")
	if got := s.Rooms(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("rooms %q", got)
	}
	if !s.In("b") || !s.Leave("b") || s.Leave("b") || s.In("b") {
		t.Error("leaving a room is wrong")
	}
	if got := s.Rooms(); !slices.Equal(got, []string{"a", "c"}) || roomsOf(ns) != 2 {
		t.Errorf("rooms %q, %d in all", got, roomsOf(ns))
	}
	ns.To("b").Emit("x")
	members[0].expectAlive()
}

func TestSocketThatLeftJoinsNothing(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 1)
	s := members[0].socket
	members[0].join("a")
	s.Disconnect(false)
	if err := s.Join("b"); !errors.Is(err, ErrDisconnected) {
		t.Errorf("join: %v, want ErrDisconnected", err)
	}
	if err := s.Emit("x"); !errors.Is(err, ErrDisconnected) {
		t.Errorf("emit: %v, want ErrDisconnected", err)
	}
	if n := roomsOf(ns); n != 0 || len(s.Rooms()) != 0 || s.In("a") || ns.Sockets() != 0 {
		t.Errorf("%d rooms and %d sockets are left", n, ns.Sockets())
	}
}

// Sockets join, leave and go while others do and rooms are broadcast to: in the end nothing may be
// left, nor anybody be at a wrong place in a room.
func TestRoomsVanishWhenEmpty(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 8)
	var work sync.WaitGroup
	for i, m := range members {
		work.Go(func() {
			for round := range 300 {
				room := fmt.Sprint("room ", (i+round)%5)
				m.socket.Join(room)
				m.socket.Join(fmt.Sprint("shared ", round%2))
				ns.To(room).Except(m.socket.ID(), "nobody").Emit("x")
				m.socket.Leave(room)
			}
			m.socket.Disconnect(false)
		})
		work.Go(func() {
			for packet := ""; packet != "41"; {
				var err error
				if packet, err = m.frame(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	if n := roomsOf(ns); n != 0 {
		t.Errorf("%d rooms are left", n)
	}
}

func TestLeavingLargeRoomsGivesTheirMemoryBack(t *testing.T) {
	t.Parallel()
	ns := newNamespace("/", nil)
	sockets := make([]*Socket, 10_000)
	for i := range sockets {
		sockets[i] = &Socket{namespace: ns, id: fmt.Sprint(i)}
		sockets[i].Join("room")
	}
	a := ns.rooms
	r := a.room("room")
	for _, s := range sockets[10:] {
		a.leaveAll(s)
	}
	if c := cap(r.members); len(r.members) != 10 || c > 100 {
		t.Errorf("%d members in room for %d", len(r.members), c)
	}
	for _, m := range r.members {
		if r.members[m.position] != m {
			t.Error("a member is at the wrong place")
		}
	}
}

// A client that is in thousands of rooms must not make each further one cost all of them.
func TestManyRoomsOfOneSocket(t *testing.T) {
	t.Parallel()
	cost := func(rooms int) time.Duration {
		ns := newNamespace("/", nil)
		s := &Socket{namespace: ns, id: "id"}
		names := make([]string, rooms)
		for i := range names {
			names[i] = fmt.Sprint("room ", i)
		}
		runtime.GC()
		start := time.Now()
		for _, name := range names {
			s.Join(name)
		}
		for _, name := range names[:rooms/2] {
			s.Leave(name)
		}
		ns.rooms.leaveAll(s)
		if n := roomsOf(ns); n != 0 {
			t.Errorf("%d rooms are left", n)
		}
		return time.Since(start)
	}
	const times = 8
	short, long := time.Hour, time.Hour
	for range 20 { // others use the machine too: one good measurement is enough
		short, long = min(short, cost(1000)), min(long, cost(times*1000))
		if long < times*short*4 {
			return
		}
	}
	t.Errorf("%d times the rooms took %v, %d times %v", times, long, long/short, short)
}
