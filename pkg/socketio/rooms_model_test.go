package socketio

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// inbox is the session of a socket without a client. It notes what it is sent.
type inbox struct {
	noSession
	block chan struct{} // Send waits until it is closed; nil: it does not

	mu       sync.Mutex
	received []*engineio.Packet
}

func (i *inbox) Send(packets ...*engineio.Packet) error {
	if i.block != nil {
		<-i.block
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.received = append(i.received, packets...)
	return nil
}

// enter connects a socket without a client.
func (i *inbox) enter(ns *Namespace) *Socket {
	s := &Socket{conn: &conn{session: i}, namespace: ns, id: engineio.NewID()}
	ns.sockets.add(s, func() {})
	return s
}

// modelled is a socket, and what ought to be known of it.
type modelled struct {
	*Socket
	inbox *inbox
	rooms []string
}

func (m *modelled) reconnect(ns *Namespace) {
	if m.Socket != nil {
		ns.rooms.leaveAll(m.Socket)
		ns.sockets.remove(m.Socket)
	}
	m.inbox, m.rooms = &inbox{}, nil
	m.Socket = m.inbox.enter(ns)
}

func (m *modelled) in(rooms []string) bool {
	return slices.ContainsFunc(rooms, func(name string) bool { return name == m.ID() || slices.Contains(m.rooms, name) })
}

// Random steps do to the rooms what they do to the plainest model: a list of rooms for each socket.
func TestRoomsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 0))
		ns := newNamespace("/", nil)
		crowd := make([]modelled, 12)
		for i := range crowd {
			crowd[i].reconnect(ns)
		}
		names := func(most int) (names []string) {
			for range random.IntN(most + 1) {
				names = append(names, fmt.Sprint("room ", random.IntN(2*searched)))
			}
			return append(names, crowd[random.IntN(len(crowd))].ID())[:max(1, len(names))]
		}
		for range 5000 {
			m, room := &crowd[random.IntN(len(crowd))], names(1)[0]
			switch what := random.IntN(1000); {
			case what < 5:
				m.reconnect(ns)
			case what < 500:
				m.joins(t, room)
			case what < 800:
				m.leaves(t, room)
			default:
				broadcastTo(t, crowd, Target{Rooms: names(3)[random.IntN(2):], Except: names(2)[random.IntN(2):]}, ns)
			}
			if got := m.Rooms(); !slices.Equal(got, m.rooms) {
				t.Fatalf("seed %d: rooms %q, want %q", seed, got, m.rooms)
			}
		}
		for _, m := range crowd {
			ns.rooms.leaveAll(m.Socket)
		}
		if n := roomsOf(ns); n != 0 {
			t.Errorf("seed %d: %d rooms are left", seed, n)
		}
	}
}

func (m *modelled) joins(t *testing.T, room string) {
	t.Helper()
	err := m.Join(room)
	switch private := m.namespace.Private(room); {
	case private && room != m.ID():
		if err != ErrPrivateRoom {
			t.Fatalf("join another's room: %v", err)
		}
	case err != nil:
		t.Fatalf("join: %v", err)
	case !private && !slices.Contains(m.rooms, room):
		m.rooms = append(m.rooms, room)
	}
}

func (m *modelled) leaves(t *testing.T, room string) {
	t.Helper()
	i := slices.Index(m.rooms, room)
	if was, left := m.In(room), m.Leave(room); was != (i >= 0) || left != was {
		t.Fatalf("in the room: %v, leave: %v, want %v", was, left, i >= 0)
	}
	if i >= 0 {
		m.rooms = slices.Delete(m.rooms, i, i+1)
	}
}

func broadcastTo(t *testing.T, crowd []modelled, to Target, ns *Namespace) {
	t.Helper()
	p := engineio.Message([]byte("x"))
	ns.rooms.tell(&message{packets: []*engineio.Packet{p}}, to)
	for i := range crowd {
		m := &crowd[i]
		want := 0
		if (len(to.Rooms) == 0 || m.in(to.Rooms)) && !m.in(to.Except) {
			want = 1
		}
		if len(m.inbox.received) != want {
			t.Fatalf("to %q but %q: a socket in %q got %d packets, want %d", to.Rooms, to.Except, m.rooms, len(m.inbox.received), want)
		}
		m.inbox.received = nil
	}
}

// span is when something was done: between two readings of a clock that only ever goes on.
type span struct{ from, until int64 }

func (s span) before(other span) bool { return s.until < other.from }

// stay is one time of a socket in a room.
type stay struct {
	room        string
	join, leave span
}

// numbered is one packet of a room's sender, who numbers them.
type numbered struct {
	span
	room   string
	number int
}

// Sockets come and go while there are broadcasts. What was sent between a Join that had returned and a Leave that
// had not begun has arrived, once and in order; what was sent before the one or after the other has not.
func TestMembersGetWhatIsSentWhileTheyAreInTheRoomAndNothingElse(t *testing.T) {
	t.Parallel()
	const rooms, sockets, rounds, packets = 3, 6, 200, 1000
	ns := newNamespace("/", nil)
	var clock atomic.Int64
	timed := func(do func()) (s span) {
		s.from = clock.Add(1)
		do()
		s.until = clock.Add(1)
		return s
	}
	inboxes, stays := make([]*inbox, sockets), make([][]stay, sockets)
	var work sync.WaitGroup
	for i := range sockets {
		inboxes[i] = &inbox{}
		s := inboxes[i].enter(ns)
		work.Go(func() {
			for round := range rounds {
				at := stay{room: fmt.Sprint((i + round) % rooms)}
				at.join = timed(func() { s.Join(at.room) })
				for range round % 7 {
					runtime.Gosched()
				}
				at.leave = timed(func() {
					if round == rounds-1 {
						ns.rooms.leaveAll(s)
					} else {
						s.Leave(at.room)
					}
				})
				stays[i] = append(stays[i], at)
			}
		})
	}
	all := make([]map[*engineio.Packet]numbered, rooms)
	for room := range rooms {
		all[room] = make(map[*engineio.Packet]numbered)
		work.Go(func() {
			for number := range packets {
				p, to := engineio.Message(nil), fmt.Sprint(room)
				s := timed(func() { ns.rooms.tell(&message{packets: []*engineio.Packet{p}}, Target{Rooms: []string{to}}) })
				all[room][p] = numbered{s, to, number}
				runtime.Gosched()
			}
		})
	}
	work.Wait()
	for i := range sockets {
		for _, sent := range all {
			checkHeard(t, inboxes[i].received, sent, stays[i])
		}
	}
}

// checkHeard compares what a socket received of one room's packets with its stays there.
func checkHeard(t *testing.T, received []*engineio.Packet, sent map[*engineio.Packet]numbered, stays []stay) {
	t.Helper()
	heard, last := make(map[*engineio.Packet]bool), -1
	for _, p := range received {
		s, ok := sent[p]
		if !ok {
			continue
		}
		if s.number <= last {
			t.Errorf("room %s: packet %d came after %d", s.room, s.number, last)
		}
		heard[p], last = true, s.number
	}
	for p, s := range sent {
		must := slices.ContainsFunc(stays, func(at stay) bool {
			return at.room == s.room && at.join.before(s.span) && s.before(at.leave)
		})
		may := slices.ContainsFunc(stays, func(at stay) bool {
			return at.room == s.room && !s.before(at.join) && !at.leave.before(s.span)
		})
		if must && !heard[p] || heard[p] && !may {
			t.Errorf("room %s: packet %d: heard %v, must %v, may %v", s.room, s.number, heard[p], must, may)
		}
	}
}

// A broadcast to many holds its room for long. Who waits to join that room must not hold up those beside it.
func TestRoomThatIsBusyHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	ns := newNamespace("/", nil)
	busy, beside := "busy", "beside"
	for i := 0; shardOf(beside) != shardOf(busy); i++ {
		beside = fmt.Sprint("beside ", i)
	}
	slow, bystander := &inbox{block: make(chan struct{})}, &inbox{}
	slow.enter(ns).Join(busy)
	bystander.enter(ns).Join(beside)
	packets := []*engineio.Packet{engineio.Message(nil)}
	var work sync.WaitGroup
	work.Go(func() { ns.rooms.tell(&message{packets: packets}, Target{Rooms: []string{busy}}) })
	for r := ns.rooms.room(busy); r.mu.TryLock(); r.mu.Unlock() {
		runtime.Gosched()
	}
	joiner := (&inbox{}).enter(ns)
	work.Go(func() { joiner.Join(busy) })
	for joiner.mu.TryLock() {
		joiner.mu.Unlock()
		runtime.Gosched()
	}
	done := make(chan struct{})
	go func() {
		for range 1000 {
			ns.rooms.tell(&message{packets: packets}, Target{Rooms: []string{beside}})
			(&inbox{}).enter(ns).Join(beside)
		}
		close(done)
	}()
	within(t, done, "broadcasts beside a busy room")
	close(slow.block)
	work.Wait()
	if n := len(bystander.received); n != 1000 {
		t.Errorf("%d broadcasts arrived, want 1000", n)
	}
}

// The room that a socket is about to enter vanishes when its last member leaves just then.
func TestSocketThatJoinsAsTheLastMemberLeavesIsReached(t *testing.T) {
	t.Parallel()
	ns := newNamespace("/", nil)
	var work sync.WaitGroup
	for range 3 {
		in := &inbox{}
		s := in.enter(ns)
		work.Go(func() {
			for range 20_000 {
				s.Join("room")
				p := engineio.Message(nil)
				ns.rooms.tell(&message{packets: []*engineio.Packet{p}}, Target{Rooms: []string{"room"}})
				in.mu.Lock()
				reached := slices.Contains(in.received, p)
				in.received = in.received[:0]
				in.mu.Unlock()
				s.Leave("room")
				if !reached {
					t.Error("a member was not reached")
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
