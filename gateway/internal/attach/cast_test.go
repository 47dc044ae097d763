package attach

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestABroadcastReachesEachMemberOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	browsers, _ := serveSome(w, p, 4)
	for i, one := range []struct {
		rooms, except []string
		reaches       []int
	}{
		{nil, nil, []int{0, 1, 2, 3}},
		{[]string{"all"}, []string{"sid1"}, []int{0, 2, 3}},
		{[]string{"all", "r1", "sid1"}, nil, []int{0, 1, 2, 3}},
		{[]string{"r1", "r2"}, []string{"r2"}, []int{1}},
		{[]string{"sid3"}, nil, []int{3}},
		{[]string{"nobody's"}, nil, nil},
		{nil, []string{"all"}, nil},
	} {
		p.cast("/", 0, one.rooms, one.except, fmt.Sprintf(`2["cast",%d]`, i))
		p.cast("/", 0, nil, nil, fmt.Sprintf(`2["end",%d]`, i))
		for at, b := range browsers {
			if slices.Contains(one.reaches, at) {
				b.hears(fmt.Sprintf(`42["cast",%d]`, i))
			}
			b.hears(fmt.Sprintf(`42["end",%d]`, i))
		}
	}
	p.cast("/other", 0, nil, nil, `2["elsewhere"]`)
	p.cast("/", 0, nil, nil, `51-["bin",{"_placeholder":true,"num":0}]`, "\x01")
	for _, b := range browsers {
		b.hears(`451-["bin",{"_placeholder":true,"num":0}]`, "\x01")
	}
}

// A client that does not read keeps volatile packets from itself alone, whole ones.
func TestVolatilePacketsAreNotForWhoHasSomethingWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	slow := w.browse()
	c := p.serve(slow, "slow")
	quick := w.browse()
	q := p.serve(quick, "quick")
	w.fill(p, slow, c, `2["`+strings.Repeat("x", 900_000)+`"]`)
	eventually(t, "the quick client's writer came to rest", w.session(q).Writable)
	for i := range 20 {
		if i%2 == 0 {
			p.cast("/", flagVolatile, nil, nil, `51-["volatile",{"_placeholder":true,"num":0}]`, "\x01")
		} else {
			p.send(c, flagVolatile, `2["volatile"]`)
		}
	}
	p.cast("/", 0, nil, nil, `2["end"]`)
	quick.hears(`451-["volatile",{"_placeholder":true,"num":0}]`)
	for {
		packet, err := slow.Next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(packet, "volatile") {
			t.Fatal("a volatile packet waited")
		}
		if packet == `42["end"]` {
			return
		}
	}
}

// fill sends to a client that reads nothing more than the kernel takes, whatever it makes of its buffers: the rest waits.
func (w *world) fill(p *process, b *browser, number uint64, packet string) {
	w.t.Helper()
	b.Conn.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	limits, err := os.ReadFile("/proc/sys/net/ipv4/tcp_wmem")
	if err != nil {
		w.t.Fatal(err)
	}
	var least, usual, most int
	if _, err := fmt.Sscan(string(limits), &least, &usual, &most); err != nil {
		w.t.Fatal(err)
	}
	for sent := 0; sent < most+1<<20; sent += len(packet) {
		p.send(number, 0, packet)
	}
	p.say(opPing, make([]byte, 8)...)
	p.expect(opPong)
	if w.session(number).Writable() {
		w.t.Fatal("nothing waits")
	}
}

// session is a client's connection.
func (w *world) session(number uint64) *engineio.Session {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.hub.clients[number].session
}

func TestTwoProcessesShareTheClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	one := w.ready("one")
	one.expect(opPresented)
	two := w.ready("two")
	two.expect(opPresented)
	b1 := w.browse()
	c1 := one.serve(b1, "sid1", "room")
	b2 := w.browse()
	c2 := two.serve(b2, "sid2", "room")
	one.cast("/", 0, []string{"room"}, nil, `2["both"]`)
	b1.hears(`42["both"]`)
	b2.hears(`42["both"]`)
	two.cast("/", flagOwnOnly, []string{"room"}, nil, `2["own"]`)
	b2.hears(`42["own"]`)

	one.say(opBus, append(appendText(nil, "two"), appendText(nil, "to one")...)...)
	d := two.expect(opBusHeard)
	if from, text := d.string(), d.string(); from != "one" || text != "to one" || d.done() != nil {
		t.Errorf("two heard %q of %q", text, from)
	}
	two.say(opBus, append(appendText(nil, ""), appendText(nil, "to all")...)...)
	d = one.expect(opBusHeard)
	if from, text := d.string(), d.string(); from != "two" || text != "to all" {
		t.Errorf("one heard %q of %q", text, from)
	}
	if !slices.Equal(one.peers, []string{"two"}) || !slices.Equal(two.peers, []string{"one"}) {
		t.Errorf("peers are %v and %v", one.peers, two.peers)
	}

	two.Close()
	if o := one.opened(); o.Client != c2 || o.Sockets[0].SID != "sid2" || !slices.Equal(o.Sockets[0].Rooms, []string{"sid2", "room"}) {
		t.Errorf("one was given %+v", o)
	}
	one.of(opTaken, c2)
	one.send(c2, 0, `2["by one"]`)
	one.send(c1, 0, `2["by one"]`)
	b1.hears(`42["by one"]`)
	b2.hears(`42["by one"]`)
	if len(one.peers) != 0 {
		t.Errorf("peers are %v", one.peers)
	}
}

// Members hear what two processes say at once in one order.
func TestAllMembersHearTheSameOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	one := w.ready("one")
	one.expect(opPresented)
	browsers, _ := serveSome(w, one, 3)
	two := w.attach("two")
	const n = 200
	done := make(chan bool)
	go func() {
		defer close(done)
		for i := range n {
			two.cast("/", 0, []string{"all"}, nil, fmt.Sprintf(`2["two",%d]`, i))
		}
	}()
	for i := range n {
		one.cast("/", 0, []string{"all"}, nil, fmt.Sprintf(`2["one",%d]`, i))
	}
	<-done
	var order []string
	for range 2 * n {
		packet, err := browsers[0].Next()
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, packet)
	}
	for _, b := range browsers[1:] {
		b.hears(order...)
	}
}

func TestASocketThatIsGoneLeavesItsRoomsAndItsClientStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	c := p.serve(b, "sid", "r")
	p.socket(c, "/other", "sid2")
	p.join(opJoin, c, "/other", "r")
	p.say(opGone, appendText(binary.AppendUvarint(nil, c), "/")...)
	p.cast("/", 0, []string{"r"}, nil, `2["no"]`)
	p.cast("/other", 0, []string{"r"}, nil, `2/other,["yes"]`)
	b.hears(`42/other,["yes"]`)
	p.join(opLeave, c, "/other", "r", "never joined")
	p.cast("/other", 0, []string{"r"}, nil, `2/other,["no"]`)
	p.cast("/other", 0, []string{"sid2"}, nil, `2/other,["to its own"]`)
	b.hears(`42/other,["to its own"]`)
	if n := w.hub.Rooms(); n != 0 {
		t.Errorf("%d rooms are left", n)
	}
}

// Rooms are what a map of sets would be.
func TestRoomsAgreeWithAModel(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	sp := newSpace("/", &memory{})
	var sockets []*socket
	model := map[*socket]map[string]bool{}
	names := make([]string, 3*fewRooms) // so that sockets come to have many, and few again
	for i := range names {
		names[i] = fmt.Sprint("room ", i)
	}
	for i := range 20_000 {
		switch {
		case len(sockets) < 3 || len(sockets) < 20 && random.IntN(20) == 0:
			s := &socket{space: sp, id: fmt.Sprint(i)}
			sp.add(s)
			sockets, model[s] = append(sockets, s), map[string]bool{}
		case random.IntN(20) == 0:
			at := random.IntN(len(sockets))
			s := sockets[at]
			sp.remove(s)
			delete(model, s)
			sockets = slices.Delete(sockets, at, at+1)
		default:
			s, name := sockets[random.IntN(len(sockets))], names[random.IntN(len(names))]
			if random.IntN(10_000) < 5_000+4_000*(i/2_000%2*2-1) {
				sp.join(s, []string{name})
				model[s][name] = true
			} else {
				sp.leave(s, []string{name})
				delete(model[s], name)
			}
		}
		for _, name := range names {
			members := 0
			for s, rooms := range model {
				if rooms[name] {
					members++
					if at := s.seats.find(name); at < 0 || s.seats.list[at].room.members[s.seats.list[at].at] != s {
						t.Fatalf("step %d: %s has no seat in %s", i, s.id, name)
					}
				}
			}
			if r := sp.rooms[name]; (r == nil) != (members == 0) || r != nil && len(r.members) != members {
				t.Fatalf("step %d: room %s is %v, want %d members", i, name, r, members)
			}
		}
	}
}

// A client can have an app join as many rooms as fit into what it says, and two can share them all.
func TestOneOfManyRoomsCostsNoMoreThanOneOfFew(t *testing.T) {
	t.Parallel()
	costsTheSame(t, 4_000, func(names []string) {
		sp := newSpace("/", &memory{})
		one, other := &socket{space: sp, id: "one"}, &socket{space: sp, id: "other"}
		sp.join(one, names)
		sp.join(other, names)
		sp.leave(one, names[:len(names)/2])
		sp.remove(one)
		sp.remove(other)
	})
}

// costsTheSame fails if one of many rooms costs more than one of few.
func costsTheSame(t *testing.T, few int, move func(names []string)) {
	t.Helper()
	least := func(rooms int) time.Duration {
		names := make([]string, rooms)
		for i := range names {
			names[i] = fmt.Sprint("room ", i)
		}
		best := time.Duration(math.MaxInt64)
		for range 3 {
			begun := time.Now()
			move(names)
			best = min(best, time.Since(begun))
		}
		return best
	}
	// Sixteen times as many take sixteen times as long, some times that on a busy machine, or 256 times where each is looked for among all.
	if one, all := least(few), least(16*few); all > 100*one {
		t.Errorf("%d rooms take %v, and %d take %v", few, one, 16*few, all)
	}
}

// An app whose clients' parsers take no more than 10 attachments loses those clients by it, as natively, and no others.
func TestAnAppMayEmitAsManyAttachmentsAsItLikes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	b := w.browse()
	c := p.serve(b, "sid")
	parts := []string{`5200-["files"]`}
	for i := range 200 {
		parts = append(parts, fmt.Sprint("attachment ", i))
	}
	p.send(c, 0, parts...)
	p.cast("/", 0, nil, nil, parts...)
	b.hears("4" + parts[0])
	b.hears(parts[1:]...)
	b.hears("4" + parts[0])
	b.hears(parts[1:]...)
}
