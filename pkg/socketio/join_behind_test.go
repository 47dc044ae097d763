package socketio

import (
	"errors"
	"testing"
	"testing/synctest"
)

// serveJoinBehind has clients join r behind what was told up to an offset that they say, or up to now.
func serveJoinBehind(t *testing.T, r Recovery) (*memory, *Namespace) {
	m, _ := serveRecovery(t, r)
	ns := m.server.Of("/")
	behind := func(s *Socket, o Offset) bool {
		known, err := s.JoinBehind("r", o, "history", []int{int(o)})
		if err != nil {
			t.Error(err)
		}
		return known
	}
	ns.On("behind", func(s *Socket, e *Event) {
		var o Offset
		e.Decode(&o)
		e.Ack(behind(s, o))
	})
	return m, ns
}

func TestWhoJoinsBehindIsToldWhatWasThenWhatCameSinceThenWhatComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns := serveJoinBehind(t, Recovery{})
		a := m.arrive("/", nil)
		a.enters("q")
		ns.To("r").Kept(10).Emit("said", 10)
		ns.To("r").Kept(11).Emit("said", 11)
		ns.To("r").Kept(12).Emit("said", "a text")
		ns.To("r").Except(m.sidOf(ns)).Kept(13).Emit("said", "not to a")
		ns.To("q").Kept(14).Emit("said", 14)
		a.expectNext(`2["said",14]`)
		if told := ns.Told(); told != 14 {
			t.Errorf("told up to %d", told)
		}
		a.say(`27["behind",10]`)
		a.expect(`2["history",[10]]`)
		a.expect(`2["said",11]`) // without an offset: the client has heard of 14
		a.expect(`2["said","a text",null]`)
		a.expect(`37[true]`)
		ns.To("r").Kept(15).Emit("said", 15)
		a.expectNext(`2["said",15]`)
		a.say(`28["behind",10]`) // it is there already
		a.expect(`38[true]`)

		m.drop(a) // nothing of all that comes twice
		ns.To("r").Kept(16).Emit("said", 16)
		b := m.arrive("/", a).expectBack(a)
		b.expectNext(`2["said",16]`)
		b.expectAlive()
	})
}

func TestNobodyJoinsBehindWhatMemoryHasLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns := serveJoinBehind(t, Recovery{Head: 5})
		a := m.arrive("/", nil)
		a.say(`27["behind",4]`)
		a.expect(`37[false]`)
		ns.Passed(8, true, "r") // told elsewhere
		a.say(`28["behind",7]`)
		a.expect(`38[false]`)
		a.say(`29["behind",8]`)
		a.expect(`2["history",[8]]`)
		a.expect(`39[true]`)
	})
}

func TestWithoutRecoveryNobodyJoinsBehind(t *testing.T) {
	t.Parallel()
	ns, members := serveMembers(t, 2)
	s := members[0].socket
	if known, err := s.JoinBehind("r", 0, "history"); known || err != nil || s.In("r") {
		t.Errorf("%v, %v", known, err)
	}
	if _, err := s.JoinBehind(members[1].socket.ID(), 0, "history"); !errors.Is(err, ErrPrivateRoom) {
		t.Error(err)
	}
	if ns.Told() != 0 {
		t.Error("something was told")
	}
}

// sidOf is the id of the only socket.
func (m *memory) sidOf(ns *Namespace) (sid string) {
	ns.Each(func(s *Socket) { sid = s.ID() })
	return sid
}

// Nobody is in the room here until then, so that what other servers say there would pass by.
func TestWhatComesWhileHistoryIsReadIsKeptForWhoIsAboutToJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, ns := serveJoinBehind(t, Recovery{})
		a := m.arrive("/", nil)
		if !ns.Passed(10, false, "r") {
			t.Fatal("somebody is said to be there")
		}
		forget := ns.Await("r")
		if ns.Passed(11, false, "r") || !ns.Passed(11, false, "q") {
			t.Fatal("it passes by who waits for it, or is kept for others")
		}
		ns.Local(Target{Rooms: []string{"r"}, Offset: 12}).Emit("said", 12)
		a.say(`27["behind",11]`)
		a.expect(`2["history",[11]]`)
		a.expectNext(`2["said",12]`)
		a.expect(`37[true]`)
		forget()
		if !ns.Passed(13, false, "s") || len(ns.recovery.awaits) != 0 {
			t.Error("it is awaited for ever")
		}
	})
}
