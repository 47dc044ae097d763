package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// inhabit puts people without sockets into a room.
func (h *host) inhabit(room string, people int) {
	for i := range people {
		id := fmt.Sprint("somebody ", i)
		h.chat.rosters.Enter(room, contract.NewPerson(id, rawjson.Quote(id), "Name of "+id))
	}
}

// sum is how many of a user's askings end with that code, or with "" for success, from each of several sockets.
func sum(code string, visitors []*visitor, event, payload string, times int) (n int) {
	for range times {
		for _, v := range visitors {
			got := v.ask(event, payload)
			if c, _ := got["code"].(string); c == code {
				n++
			}
		}
	}
	return n
}

func (h *host) visits(user string, n int) (visitors []*visitor) {
	for range n {
		visitors = append(visitors, h.visit(user, time.Hour))
	}
	return visitors
}

func TestJoiningAgainIsAnsweredToTheAskerAlone(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	ann, eve := h.visit("ann", time.Hour), h.visit("eve", time.Hour)
	ann.ask("join_room", `"r"`)
	eve.ask("join_room", `"r"`)
	for said := ""; !strings.Contains(said, `"eve"`); {
		said = ann.await(`42["room_members"`)
	}
	for range 50 {
		eve.say(`42["join_room","r"]`)
		for said := ""; !strings.Contains(said, `"ann"`); {
			said = eve.await(`42["room_members"`)
		}
	}
	tab := h.visit("eve", time.Hour) // nor does another tab change the list
	tab.say(`42["join_room","r"]`)
	if said := tab.await(`42["room_members"`); !strings.Contains(said, `"ann"`) {
		t.Errorf("the tab was told %s", said)
	}
	ann.say(`421["leave_room","nowhere"]`)
	if packet, err := ann.Next(); err != nil || !strings.HasPrefix(packet, "431") {
		t.Errorf("ann hears %s, %v", packet, err)
	}
}

// 57 bytes a join brought 32 KiB, as often as RATE_LIMIT allows for each of the sockets.
func TestJoiningAgainAndAgainWithAcksIsBoundedForAUser(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate = 1000, 5000 })
	h.inhabit("r", 1000)
	began := time.Now()
	sockets := h.visits("eve", 8)
	const times = 40
	refused := sum("rate_limited", sockets, "join_room", `"r"`, times)
	if refused == 0 {
		t.Error("nothing was refused")
	}
	each := len(h.chat.rosters.List("r").Array(0))
	told := 2 * each * (times*len(sockets) - refused) // an event and an ack
	if most := listsAtOnce + 2*each*len(sockets) + int(time.Since(began).Seconds()*listsPerSecond); told > most {
		t.Errorf("%d KiB of lists in %s, want at most %d", told>>10, time.Since(began), most>>10)
	}
	if h.tally.of("limited lists of user") != refused {
		t.Errorf("%d were refused, %d counted", refused, h.tally.of("limited lists of user"))
	}
	if got := h.visit("ann", time.Hour).ask("join_room", `"r"`); got["ok"] != true || got["members"] == nil {
		t.Errorf("ann: %v", got["code"])
	}
}

// A join is done even when its list can't be paid for: the room's own list brings it.
func TestAJoinIsDoneWithoutAListOfItsOwn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate, o.Multi = 1000, 5000, true })
	v := h.visit("eve", time.Hour)
	v.ask("join_room", `"r"`)
	elsewhere := &member{Person: contract.NewPerson("eve", rawjson.Quote("eve"), "Eve")}
	h.chat.users.enter(elsewhere)
	h.chat.chargeList(elsewhere, listsAtOnce*3/2)
	if got := v.ask("join_room", `"r"`); got["code"] != "rate_limited" {
		t.Errorf("joining again: %v", got)
	}
	if got := v.ask("join_room", `"another"`); got["ok"] != true || got["members"] != nil {
		t.Errorf("got %v", got)
	}
	v.say(`42["join_room","a third"]`)
	v.await(`42["room_members",[{"userId":"eve"`)
}

func TestAUserWithManySocketsHasNoMoreEventsThanAUser(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate = 10, 20 })
	began := time.Now()
	passed := sum("not_in_room", h.visits("eve", 10), "leave_room", `"r"`, 15)
	if most := 40 + 20*(1+int(time.Since(began).Seconds())); passed > most {
		t.Errorf("%d events of 150 passed, want at most %d", passed, most)
	}
	if h.tally.of("limited events of user") == 0 {
		t.Error("none was counted")
	}
	if passed := sum("not_in_room", h.visits("ann", 1), "leave_room", `"r"`, 15); passed != 15 {
		t.Errorf("of another user's, %d of 15 passed", passed)
	}
}

func TestAUserWhoConnectsAgainAndAgainHasNoMoreEventsThanAUser(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate = 10, 20 })
	began, passed := time.Now(), 0
	for range 10 {
		eve := h.visits("eve", 1)
		passed += sum("not_in_room", eve, "leave_room", `"r"`, 15)
		eve[0].Close()
		<-h.tally.closed
	}
	if most := 40 + 20*(1+int(time.Since(began).Seconds())); passed > most {
		t.Errorf("%d events of 150 passed, want at most %d", passed, most)
	}
}

func TestAUserWithManySocketsBroadcastsNoMoreThanAUser(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate, o.MaxEvent = 1000, 2000, 8192 })
	sockets := h.visits("eve", 8)
	sum("", sockets, "join_room", `"r"`, 1)
	began := time.Now()
	sent := sum("", sockets, "send_message", `{"roomId":"r","text":"`+strings.Repeat("x", 3000)+`"}`, 4)
	if most := (2*8192 + 8192*(1+int(time.Since(began).Seconds()))) / 3000; sent == 0 || sent > most {
		t.Errorf("%d messages of 3,000 bytes went out, want at most %d", sent, most)
	}
}

func TestAUserWithManySocketsRelaysNoMoreThanAUser(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) {
		o.RateLimit, o.UserRate, o.RelayRate, o.Relays = 1000, 2000, 5, []Relay{{Event: "typing"}}
	})
	sockets := h.visits("eve", 8)
	sum("", sockets, "join_room", `"r"`, 1)
	began := time.Now()
	passed := sum("", sockets, "typing", `"r"`, 10)
	if most := 20 + 10*(1+int(time.Since(began).Seconds())); passed > most {
		t.Errorf("%d of 80 passed, want at most %d", passed, most)
	}
}

func TestAUserWithManySocketsAsksTheDatabaseAsOftenAsOneConnectionMay(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{guests: map[string]bool{"ann": true}}, func(o *Options) { o.RateLimit, o.UserRate = 10, 100 })
	began := time.Now()
	sockets := h.visits("eve", 30)
	asked := sum("forbidden", sockets, "join_room", `"r"`, 10)
	if most := 200 + 10*(1+int(time.Since(began).Seconds())); asked > most {
		t.Errorf("%d of 300 were asked, want at most %d", asked, most)
	}
	// Events have the same burst, and are ten times as many afterwards: sooner or later it is the joins that are too many.
	eventually(t, func() bool {
		sum("", sockets, "join_room", `"r"`, 1)
		return h.tally.of("limited joins of user") > 0
	})
}

func TestAUserIsForgottenAMinuteBehindTheLastSocket(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.UserRate = 100, 500 })
	kept := func() (n int) {
		for i := range h.chat.users.shards {
			s := &h.chat.users.shards[i]
			s.mu.Lock()
			n += len(s.byID)
			s.mu.Unlock()
		}
		return n
	}
	for user := range 5 {
		visitors := h.visits(fmt.Sprint("user ", user), 3)
		sum("", visitors, "join_room", `"r"`, 1)
		if n := kept(); n != 1 {
			t.Errorf("%d users are kept, want 1", n)
		}
		for _, v := range visitors {
			v.Conn.Close()
			<-h.tally.closed
		}
		h.chat.users.forget(time.Now().Add(remembered / 2)) // who comes back has spent what was spent
		if n := kept(); n != 1 {
			t.Errorf("%d users are kept who have just gone, want 1", n)
		}
		h.chat.users.forget(time.Now().Add(2 * remembered))
		if n := kept(); n != 0 {
			t.Errorf("%d users are kept, want none", n)
		}
	}
}

func TestASocketThatLeavesWhileItConnectsLeavesNoUser(t *testing.T) {
	t.Parallel()
	us, m := newUsers(), &member{Person: contract.NewPerson("a", rawjson.Quote("a"), "A")}
	us.leave(m)
	us.enter(m)
	if m.user != nil {
		t.Error("its user is kept")
	}
}
