package socketio

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestPidsAndOffsetsThatAreNotOursBeginANewSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, observer := serveRecovery(t, Recovery{Sessions: sessions})
		other, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(0).Emit("said", 1)
		a.next()
		m.drop(a)
		foreign := other.arrive("/", nil)
		flipped := a.pid[:len(a.pid)-2] + string(a.pid[len(a.pid)-2]^1) + a.pid[len(a.pid)-1:]
		elsewhere := m.server.recovery.pid("/n", a.sid)
		for payload, reason := range map[string]string{
			fmt.Sprintf(`{"pid":%q}`, foreign.pid):                 NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, flipped):                     NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, elsewhere):                   NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, a.pid[:41]):                  NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, a.pid+"A"):                   NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, a.sid):                       NotRecoveredForged,
			`{"pid":""}`:                                           NotRecoveredForged,
			fmt.Sprintf(`{"pid":%q}`, strings.Repeat("a", 20_000)): NotRecoveredUnreadable,
			`{"pid":7}`:     NotRecoveredUnreadable,
			`{"pid":null}`:  NotRecoveredUnreadable,
			`{"pid":["a"]}`: NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":7}`, a.pid):                             NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":null}`, a.pid):                          NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":""}`, a.pid):                            NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":"-1"}`, a.pid):                          NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":"Z"}`, a.pid):                           NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":"07"}`, a.pid):                          NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q,"offset":"3w5e11264sgsg"}`, a.pid):               NotRecoveredUnreadable, // 2^64
			fmt.Sprintf(`{"pid":%q,"offset":%q}`, a.pid, strings.Repeat("z", 5000)): NotRecoveredUnreadable,
			fmt.Sprintf(`{"pid":%q}`, m.server.recovery.pid("/", lateSID)):          NotRecoveredUnknown,
			`{"lepid":1,"x":"\"pid\"","y":{"pid":1}}`:                               "",
			`{}`: "",
		} {
			c := &returning{client: m.dial(), namespace: "/"}
			c.connect(payload)
			c.expectNew(a).expectAlive()
			if reason == "" {
				observer.expect(t)
			} else {
				observer.expect(t, reason)
			}
		}
		m.arrive("/", a).expectBack(a).expectAlive() // nothing of that has harmed the session
		if ended := sessions.takeEnded(); len(ended) != 0 {
			t.Errorf("ended %q", ended)
		}
	})
}

func TestOffsetOfTheFutureIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{Head: 5})
		for _, offset := range []Offset{6, ^Offset(0)} {
			a := m.arrive("/", nil)
			m.drop(a)
			a.offset = offset.text()
			m.arrive("/", a).expectNew(a).expectAlive()
			observer.expect(t, "future")
		}
	})
}

// An ancient offset makes nobody read more than there is since the client joined.
func TestAncientOffsetReadsNothingBeforeTheJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &table{}
		m, _, _, late := serveLate(t, Recovery{Log: log}, "r")
		late.offset = "1"
		a := m.late(late)
		log.expectAsked(t, "[{r 3}] through 9")
		a.expectAlive()
	})
}

// The room of a socket that is away is its own still.
func TestNobodyJoinsTheRoomOfASocketThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a, spy := m.arrive("/", nil), m.arrive("/", nil)
		m.drop(a)
		if err := ns.sockets.get(spy.sid).Join(a.sid); err != ErrPrivateRoom {
			t.Errorf("join: %v", err)
		}
		ns.To(a.sid).Kept(0).Emit("secret")
		m.arrive("/", a).expectBack(a).expectNext(`2["secret"]`)
		spy.expectAlive()
	})
}

func TestSessionsThatAreAwayAreBounded(t *testing.T) {
	t.Parallel()
	as := &newRecovery(Recovery{}, 0).absences
	defer as.stop()
	for i := range maxAbsences + 10 {
		as.put(&absence{SavedSession: SavedSession{SID: fmt.Sprint(i)}})
	}
	as.put(&absence{SavedSession: SavedSession{SID: "many rooms", Rooms: make([]SavedRoom, maxAbsenceRooms)}})
	as.put(&absence{SavedSession: SavedSession{SID: "one more", Rooms: make([]SavedRoom, 1)}})
	state := RecoveryState{}
	as.count(&state)
	if state.Away != 1 || state.Forgotten != maxAbsences+11 || as.rooms != 1 || as.queue.Len() != 1 {
		t.Errorf("state %+v, %d rooms, queue of %d", state, as.rooms, as.queue.Len())
	}
	if as.peek(sessionID{"", "one more"}) == nil {
		t.Error("the latest is gone")
	}
}

// Rooms whose names clients make up, with an event each, don't fill the memory.
func TestPlacesOfTheRingAreBounded(t *testing.T) {
	t.Parallel()
	r := &newRecovery(Recovery{Buffer: 100 << 10}, 0).ring
	for i := range 50_000 {
		r.add(&entry{namespace: "/", rooms: []string{fmt.Sprint(i)}, offset: Offset(i + 1)})
	}
	if len(r.shelves) > 3000 || r.bytes > 100<<10 || r.events < 100 {
		t.Errorf("%d shelves, %d bytes, %d entries", len(r.shelves), r.bytes, r.events)
	}
	oldest := r.headAt(r.tape.start).offset
	if got := r.reach(place{namespace: "/", room: "0"}); got != oldest-1 {
		t.Errorf("reach %d, want %d", got, oldest-1)
	}
	if got := r.reachOfOwn(place{namespace: "/", everybody: true}); got >= oldest {
		t.Errorf("reach of one's own %d, want less than %d", got, oldest)
	}
}

func FuzzComeback(f *testing.F) {
	for _, seed := range []string{
		`{"pid":"p","offset":"z"}`, `{"offset":"10","pid":"p"}`, `{"pid":"p","pid":1}`, `{"p\u0069d":"p"}`, `{"pid":{"offset":"1"}}`,
		`{"x":["pid"],"pid":"a\"b"}`, ` { "pid" : "p" , "offset" : "3w5e11264sgsf" } `, `{"pid":"p","offset":"0"}`, `{"":"pid"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePacket(slices.Concat([]byte("0"), data))
		if err != nil || len(p.data) == 0 {
			return
		}
		back, asks, readable := readComeback(p.data)
		var want map[string]any
		if err := json.Unmarshal(p.data, &want); err != nil {
			return // a number beyond float64
		}
		pid, hasPID := want["pid"]
		if asks && !hasPID {
			t.Fatalf("asks with %s", data)
		}
		if asks && readable && (pid != back.pid || back.offset != 0 && want["offset"] != back.offset.text()) {
			t.Fatalf("%s: %+v", data, back)
		}
	})
}

// What is told to everybody is known to be gone when it is, and a place that was forgotten is no quiet one.
func TestForgottenPlacesAreNotTakenForQuietOnes(t *testing.T) {
	t.Parallel()
	r := &newRecovery(Recovery{Buffer: 1 << 20}, 0).ring
	all := place{namespace: "/", everybody: true}
	r.add(&entry{namespace: "/", offset: 1, own: true})
	for i := range 20_000 {
		r.add(&entry{namespace: "/", rooms: []string{fmt.Sprint(i)}, offset: Offset(i + 2)})
	}
	if r.shelves[all] != nil || r.reachOfOwn(all) != 1 {
		t.Errorf("shelf %v, reach %d", r.shelves[all], r.reachOfOwn(all))
	}
}

// A handler has a bug just when a session is taken up. Nobody is left in a room, and the client begins anew.
func TestPanicWhileASessionIsTakenUpLeavesNobodyBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		ns.Use(func(s *Socket, _ *Handshake) error { return s.Join("everybody") })
		ns.OnRecover(func(s *Socket, _ []string) ([]string, error) { panic("a bug") })
		a := m.arrive("/", nil)
		m.drop(a)
		c := m.dial()
		c.say(fmt.Sprintf(`0{"pid":%q}`, a.pid))
		c.expectClosed()
		m.expectEnd(HandlerPanic)
		if n := roomsOf(ns); n != 0 || ns.Sockets() != 0 {
			t.Errorf("%d rooms, %d sockets", n, ns.Sockets())
		}
		m.arrive("/", a).expectNew(a).expectAlive()
		observer.expect(t, "unknown")
	})
}

func TestRoomsOfAKeptEventAreThoseOfTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		rooms, except := []string{"q"}, []string{"q"}
		ns.Local(Target{Rooms: rooms}).Kept(0).Emit("said", 1)
		ns.Local(Target{Rooms: []string{"r"}, Except: except}).Kept(0).Emit("said", 2)
		rooms[0], except[0] = "r", "r"
		m.arrive("/", a).expectBack(a).expectNext(`2["said",2]`)
	})
}
