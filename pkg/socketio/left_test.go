package socketio

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// What a room was told before a client left it may still be on its way when the connection breaks.
func TestClientThatLeavesARoomHearsWhatWasToldThereBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, observer := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		leave := func(r *returning) {
			r.say(`27["leave","r"]`)
			r.expect("37[]")
		}
		a := m.arrive("/", nil)
		a.enters("r", "q")
		offsets := []string{""}
		for i := range 3 {
			ns.To("r").Kept(0).Emit("said", i)
			a.expectNext(fmt.Sprintf(`2["said",%d]`, i))
			offsets = append(offsets, a.offset)
		}
		leave(a)
		ns.To("r").Kept(0).Emit("said", "to others")
		a.enters("r")
		ns.To("r", "q").Kept(0).Emit("said", "again")
		a.expectNext(`2["said","again"]`)
		leave(a)
		ns.To("r").Kept(0).Emit("said", "to others")
		m.drop(a)
		for heard, offset := range offsets { // and no more of it has reached the client
			a.offset = offset
			b := m.arrive("/", a).expectBack(a)
			for i := heard; i < 3; i++ {
				b.expectNext(fmt.Sprintf(`2["said",%d]`, i))
			}
			b.expectNext(`2["said","again"]`)
			b.expectAlive()
			if rooms := ns.sockets.get(a.sid).Rooms(); len(rooms) != 1 || rooms[0] != "q" {
				t.Errorf("rooms %q", rooms)
			}
			m.drop(b)
		}
		observer.expect(t, "memory 4", "memory 3", "memory 2", "memory 1")
	})
}

// The session may have been left in another process, and what was told there is in the Log then.
func TestRoomLeftOnAnotherServerIsOwedWhatWasToldThereBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &table{events: []tableEvent{{4, []string{"r"}}, {6, []string{"r"}}, {7, []string{"r"}}, {8, []string{"r"}}, {9, []string{"q"}}, {10, []string{"r"}}}}
		m, observer, sessions, late := serveLate(t, Recovery{Log: log, Head: 10}, "q")
		id := sessionID{"/", lateSID}
		saved := sessions.byID[id]
		saved.Left = []LeftRoom{{"r", 3, 4}, {"r", 5, 7}}
		sessions.byID[id] = saved
		a := m.late(late)
		a.expectNext(`2["said",6]`, `2["said",7]`, `2["said",9]`)
		a.expectAlive()
		observer.expect(t, "log 3")
		if left := m.server.Of("/").sockets.get(lateSID).Session().Left; !slices.Equal(left, []LeftRoom{{"r", 5, 7}}) {
			t.Errorf("left %v", left)
		}
	})
}

func TestRoomThatWasLeftAndIsClosedNowIsNotTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hasHeardAll bool
		asked       []string
	}{
		{true, []string{"[q]"}},
		{false, []string{"[r]", "[q]"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			m, observer := serveRecovery(t, Recovery{})
			ns := m.server.Of("/")
			var asked []string
			ns.OnRecover(func(_ *Socket, rooms []string) ([]string, error) {
				asked = append(asked, fmt.Sprint(rooms))
				return []string{"q"}, nil
			})
			a := m.arrive("/", nil)
			a.enters("r", "q")
			ns.To("r").Kept(0).Emit("said", 1)
			a.expectNext(`2["said",1]`)
			a.say(`27["leave","r"]`)
			a.expect("37[]")
			m.drop(a)
			if !test.hasHeardAll {
				a.offset = ""
			}
			m.arrive("/", a).expectBack(a).expectAlive()
			observer.expect(t, "none 0")
			if !slices.Equal(asked, test.asked) {
				t.Errorf("asked of %q, want %q", asked, test.asked)
			}
		})
	}
}

func TestRoomsThatASessionHasLeftAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := serveRecovery(t, Recovery{})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		for i := range 3 * maxLeft {
			room := fmt.Sprint("r", i)
			a.enters(room)
			if i != 3*maxLeft-1 { // the last one is quiet: nothing of it is owed
				ns.To(room).Kept(0).Emit("said", i)
				a.expectNext(fmt.Sprintf(`2["said",%d]`, i))
			}
			a.say(`27["leave","` + room + `"]`)
			a.expect("37[]")
		}
		left := ns.sockets.get(a.sid).Session().Left
		if len(left) != maxLeft || left[maxLeft-1].Name != fmt.Sprint("r", 3*maxLeft-2) {
			t.Errorf("left %v", left)
		}
	})
}
