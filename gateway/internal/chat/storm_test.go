package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// tab is a visitor that knows which rooms it should be in, and what the rooms told it.
type tab struct {
	*visitor
	user  string
	rooms map[string]bool
	lists map[string][]string // by room, the people of its last list, sorted
	acks  int
}

// storm is people who come, go and change rooms at random, in several tabs each.
type storm struct {
	*host
	t      *testing.T
	multi  bool
	random *rand.Rand
	tabs   []*tab
	gone   int
}

const (
	stormTabs  = 40
	stormUsers = 15
	stormRooms = 4
)

func TestAfterAStormEverybodyHoldsTheRightList(t *testing.T) {
	t.Parallel()
	for _, multi := range []bool{false, true} {
		t.Run(fmt.Sprintf("multi=%v", multi), func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			s := &storm{t: t, multi: multi, random: rand.New(rand.NewPCG(seed, 0))}
			s.host = serve(t, &memory{}, func(o *Options) { o.Multi, o.MembersShape = multi, contract.ShapeObject })
			pace := time.NewTicker(4 * time.Millisecond) // or all of it would be told in one list
			defer pace.Stop()
			for range 3 {
				for range 80 {
					for range 5 {
						s.blow(20)
					}
					<-pace.C
				}
				for range 80 { // or a list that was not told would be followed by one that is
					s.blow(0)
					<-pace.C
				}
				s.settle()
			}
		})
	}
}

// blow has one tab do one thing, without waiting for what comes of it: in joins of 30 cases it joins a room.
func (s *storm) blow(joins int) {
	i := s.random.IntN(stormTabs)
	if i >= len(s.tabs) {
		user := fmt.Sprint("user ", s.random.IntN(stormUsers))
		s.tabs = append(s.tabs, &tab{
			visitor: s.visit(user, time.Hour), user: user, rooms: make(map[string]bool), lists: make(map[string][]string)})
		return
	}
	v, room := s.tabs[i], fmt.Sprint("room ", s.random.IntN(stormRooms))
	switch n := s.random.IntN(30); {
	case n < joins:
		v.say(`42["join_room","` + room + `"]`)
		if !s.multi {
			clear(v.rooms)
		}
		v.rooms[room] = true
	case n < 29:
		v.say(`42["leave_room","` + room + `"]`)
		delete(v.rooms, room)
	default:
		if s.random.IntN(2) == 0 {
			v.say("41")
		}
		v.Close()
		s.tabs = slices.Delete(s.tabs, i, i+1)
		s.gone++
	}
}

// settle waits until all has been done that was asked for, and holds what everybody was told against it.
func (s *storm) settle() {
	s.t.Helper()
	for ; s.gone > 0; s.gone-- {
		<-s.tally.closed
	}
	want := make(map[string][]string)
	for _, v := range s.tabs {
		v.SetDeadline(time.Now().Add(patience))
		v.acked("leave_room", "nowhere")
		for room := range v.rooms {
			want[room] = append(want[room], v.user)
		}
	}
	for room, users := range want {
		slices.Sort(users)
		want[room] = slices.Compact(users)
	}
	for _, v := range s.tabs {
		for room := range v.rooms {
			v.hear(func(string) bool { return slices.Equal(v.lists[room], want[room]) })
		}
	}
	for _, v := range s.tabs {
		for room := range v.rooms {
			if got := v.acked("join_room", room); !slices.Equal(got, want[room]) {
				s.t.Errorf("%s: the ack says %q, want %q", room, got, want[room])
			}
		}
	}
	rooms := slices.Sorted(maps.Keys(want))
	s.t.Logf("%d tabs hold the lists of %q", len(s.tabs), rooms)
}

// acked asks for something, and returns the members that the ack names.
func (v *tab) acked(event, room string) []string {
	v.t.Helper()
	v.acks++
	v.say(fmt.Sprintf(`42%d[%q,%q]`, v.acks, event, room))
	var ack [1]struct{ Members []listed }
	v.hear(func(packet string) bool {
		reply, is := strings.CutPrefix(packet, fmt.Sprintf("43%d[", v.acks))
		return is && json.Unmarshal([]byte("["+reply), &ack) == nil
	})
	return v.names(ack[0].Members)
}

// hear takes what comes until it is enough. Before anything has come the packet is empty.
func (v *tab) hear(enough func(packet string) bool) {
	v.t.Helper()
	for packet := ""; !enough(packet); {
		var err error
		if packet, err = v.Next(); err != nil {
			v.t.Fatalf("%s hears no more, and holds %q", v.user, v.lists)
		}
		if list, is := strings.CutPrefix(packet, `42["room_members",`); is {
			v.told(strings.TrimSuffix(list, "]"))
		}
	}
}

type listed struct{ UserID, Username string }

func (v *tab) told(list string) {
	v.t.Helper()
	var told struct {
		RoomID  string
		Count   int
		Members []listed
	}
	if err := json.Unmarshal([]byte(list), &told); err != nil || told.Count != len(told.Members) {
		v.t.Fatalf("told %s: %v", list, err)
	}
	v.lists[told.RoomID] = v.names(told.Members)
}

// names are who is listed, of whom each may be listed once.
func (v *tab) names(members []listed) []string {
	v.t.Helper()
	var names []string
	for _, m := range members {
		names = append(names, m.UserID)
	}
	slices.Sort(names)
	if once := slices.Compact(slices.Clone(names)); len(once) != len(names) {
		v.t.Errorf("somebody is listed twice: %q", names)
	}
	return names
}
