package netpoll

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
)

// order returns whose turns come, by the names of the connections, until nobody waits.
func order(t *turns, names map[*Conn]string) (all []string) {
	for !t.empty() {
		all = append(all, names[t.next()])
	}
	return all
}

func TestACrowdKeepsNobodyWaitingButItself(t *testing.T) {
	t.Parallel()
	var waiting turns
	names := make(map[*Conn]string)
	come := func(name string, crowd Crowd) {
		c := new(Conn)
		names[c] = name
		waiting.add(c, crowd)
	}
	for range 4 {
		come("crowd", 1)
	}
	for range 2 {
		come("another crowd", 2)
	}
	come("stranger", 3)
	for range 3 {
		come("client", 0)
	}
	for range 3 {
		come("storm", 1|Known)
	}
	come("arrival", 2|Known)
	got := order(&waiting, names)
	want := []string{"storm", "crowd", "client", "arrival", "another crowd", "client", "storm", "stranger", "client", "storm", "crowd",
		"another crowd", "crowd", "crowd"}
	if !slices.Equal(got, want) {
		t.Errorf("turns:\n%q, want\n%q", got, want)
	}
	if n := len(waiting.known.of) + len(waiting.strangers.of); n != 0 {
		t.Errorf("%d crowds are kept of which nobody waits", n)
	}
}

func TestALineKeepsItsOrderAndGrowsNoLongerThanWhatWaits(t *testing.T) {
	t.Parallel()
	var l line[int]
	next := 0
	for i := range 10_000 {
		l.push(i)
		if i%8 == 0 {
			continue // a few more wait
		}
		if got := l.pop(); got != next {
			t.Fatalf("got %d, want %d", got, next)
		}
		next++
	}
	for ; !l.empty(); next++ {
		if got := l.pop(); got != next {
			t.Fatalf("got %d, want %d", got, next)
		}
	}
	if next != 10_000 || cap(l.waiting) > 4096 {
		t.Errorf("%d came, with room for %d", next, cap(l.waiting))
	}
}

func TestAConnectionWithItsOwnTurnsHasLeftItsCrowd(t *testing.T) {
	t.Parallel()
	var waiting turns
	c := new(Conn)
	c.ShareTurns(1)
	c.ShareTurns(0)
	waiting.add(c, c.Crowd())
	if len(waiting.strangers.of) != 0 || waiting.next() != c {
		t.Error("it waits in a crowd")
	}
}

// Else one that was just called would go on with the queue, before everybody for whom the worker yields.
func TestOtherWorkersLeaveTheQueueAloneWhileOneYields(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New()
		defer p.Close()
		w := &p.workers
		w.mu.Lock()
		w.turns.add(new(Conn), 0)
		w.mu.Unlock()
		if !w.setYielding(true) || w.setYielding(true) {
			t.Error("two yield at a time")
		}
		if c, stay := w.next(false); c != nil || !stay {
			t.Error("another worker took a connection")
		}
		w.setYielding(false)
		if c, _ := w.next(false); c == nil {
			t.Error("nobody takes the connection")
		}
	})
}

// loquacious is a connection that has something to say whenever it is asked.
type loquacious struct{ net.Conn }

func (loquacious) Notify(func())                  {}
func (loquacious) TryRead(p []byte) (int, error)  { return len(p), nil }
func (loquacious) TryWrite(p []byte) (int, error) { return len(p), nil }

func (loquacious) Close() error { return nil }

// deaf is the owner of a connection whose words nobody minds.
type deaf struct{ echo }

func (*deaf) Received([]byte) {}

// Sixteen who send large messages had each small one wait for a turn of all of them.
func TestWhoSaysMuchWaitsAmongThoseWhoDo(t *testing.T) {
	t.Parallel()
	p := New()
	defer p.Close()
	w := &p.workers
	w.setYielding(true) // nobody takes what waits
	names := make(map[*Conn]string)
	for range 3 {
		much := new(deaf)
		p.Init(&much.conn, loquacious{}, much)
		names[&much.conn] = "much"
		if !much.conn.attend() {
			t.Error("it is taken for cheap")
		}
	}
	for range 2 {
		little := new(Conn)
		names[little] = "little"
		w.turns.add(little, little.Crowd())
	}
	want := []string{"much", "little", "much", "little", "much"}
	if got := order(&w.turns, names); !slices.Equal(got, want) {
		t.Errorf("turns: %q, want %q", got, want)
	}
	w.setYielding(false)
}
