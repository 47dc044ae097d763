package socketio

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// servePassing serves a server of a cluster, with what all servers have told in its log.
func servePassing(t *testing.T, r Recovery, told ...tableEvent) (m *memory, ns *Namespace, log *table, observer *counts) {
	log = &table{events: told}
	r.Log = log
	m, observer = serveRecovery(t, r)
	return m, m.server.Of("/"), log, observer
}

func in(o Offset, rooms ...string) tableEvent { return tableEvent{o, rooms} }

func TestWhatPassedByIsReadFromTheLogByWhoComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns, log, observer := servePassing(t, Recovery{}, in(2, "r"), in(3, "r"), in(4, "r", "q"), in(5, "r"), in(6, "q"))
		a := m.arrive("/", nil)
		a.enters("r", "q")
		ns.Local(Target{Rooms: []string{"r"}, Offset: 2}).Emit("said", 2)
		a.expectNext(`2["said",2]`)
		m.drop(a)
		ns.Local(Target{Rooms: []string{"r"}, Offset: 3}).Emit("said", 3)
		if !ns.Passed(4, false, "r", "q") {
			t.Fatal("somebody is said to be there")
		}
		ns.Local(Target{Rooms: []string{"r"}, Offset: 5}).Emit("said", 5)
		if !ns.Passed(6, false, "q") {
			t.Fatal("somebody is said to be there")
		}
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",3]`, `2["said",4]`, `2["said",5]`, `2["said",6]`)
		ns.Local(Target{Rooms: []string{"r"}, Offset: 7}).Emit("said", 7)
		b.expectNext(`2["said",7]`)
		m.drop(b)
		b.offset = a.offset
		m.arrive("/", b).expectBack(a).expectNext(`2["said",3]`, `2["said",4]`, `2["said",5]`, `2["said",6]`, `2["said",7]`)
		observer.expect(t, "log 4", "memory 5")
		log.expectAsked(t, "[{r 2} {q 2}] through 6")
	})
}

// A server learns of an event while nobody is in the room, and somebody is when its turn comes.
func TestNothingPassesByWhoIsInTheRoom(t *testing.T) {
	t.Parallel()
	for name, recovery := range map[string]*Recovery{"with recovery": {}, "without": nil} {
		synctest.Test(t, func(t *testing.T) {
			m := serve(t, Options{Recovery: recovery}, func(s *Server) { joinable(s.Of("/")) })
			ns := m.server.Of("/")
			c := m.dial()
			c.say("0")
			c.hear()
			c.say(`27["join","r"]`)
			c.expect("37[]")
			if ns.Passed(3, false, "q", "r") || !ns.Passed(3, false, "q") || !ns.Passed(3, true, "r") {
				t.Errorf("%s: somebody is there in r, and nobody in q", name)
			}
			if ns.Passed(2, false, "r") {
				t.Errorf("%s: nobody is said to be there", name)
			}
		})
	}
}

// The clients of other servers have had it.
func TestWhoHasHadWhatPassedByHasMissedNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns, log, observer := servePassing(t, Recovery{}, in(5, "r"))
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		ns.Passed(5, false, "r")
		a.offset = "5"
		a = m.arrive("/", a).expectBack(a)
		a.expectAlive()
		m.drop(a)
		a.offset = "6"
		m.arrive("/", a).expectNew(a)
		observer.expect(t, "none 0", NotRecoveredFuture)
		log.expectAsked(t)
	})
}

func TestServerThatBeginsAtAnOffsetHasNothingBeforeInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns, log, _ := servePassing(t, Recovery{}, in(7, "r"), in(8, "q"))
		a := m.arrive("/", nil)
		a.enters("r", "q")
		m.drop(a)
		ns.Local(Target{Rooms: []string{"r"}, Offset: 7}).Emit("said", 7)
		if !ns.Passed(8, false) {
			t.Fatal("it could not begin")
		}
		a.offset = "6"
		m.arrive("/", a).expectBack(a).expectNext(`2["said",7]`, `2["said",8]`)
		log.expectAsked(t, "[{r 6} {q 6}] through 8")
	})
}

// What memory knows of rooms where nobody is goes when there are too many of them. That they lack something stays known.
func TestManyRoomsThatAreElsewhereHideNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns, _, observer := servePassing(t, Recovery{}, in(10, "r"))
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		ns.Passed(10, false, "r")
		for i := range 5000 {
			ns.Passed(Offset(11+i), false, fmt.Sprint("elsewhere ", i))
		}
		if n := len(m.server.recovery.ring.shelves); n > 2048 {
			t.Errorf("%d rooms are remembered", n)
		}
		m.arrive("/", a).expectBack(a).expectNext(`2["said",10]`)
		observer.expect(t, "log 1")
	})
}

func TestServerThatIsBehindItsClientCatchesUpFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m *memory
		asked, behind := []Offset{}, true
		catchUp := func(ctx context.Context, o Offset) {
			asked = append(asked, o)
			time.Sleep(time.Second)
			if behind {
				m.server.Of("/").Local(Target{Rooms: []string{"r"}, Offset: o}).Emit("said", o)
			}
		}
		var observer *counts
		m, observer = serveRecovery(t, Recovery{CatchUp: catchUp})
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		a.offset = "9"
		b := m.arrive("/", a).expectBack(a)
		b.expectAlive()
		behind = false
		m.drop(b)
		b = m.arrive("/", b).expectBack(a)
		b.expectAlive()
		m.drop(b)
		b.offset = "a"
		m.arrive("/", b).expectNew(a)
		if fmt.Sprint(asked) != "[9 10]" {
			t.Errorf("caught up to %v", asked)
		}
		observer.expect(t, "none 0", "none 0", NotRecoveredFuture)
	})
}
