package chat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

// registry is a UserRooms.
type registry struct {
	mu    sync.Mutex
	rooms map[string][]string
	fail  error
}

func (r *registry) Of(_ context.Context, users []string) (all [][]string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range users {
		all = append(all, slices.Clone(r.rooms[user]))
	}
	return all, r.fail
}

func (r *registry) set(user string, rooms ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rooms[user] = rooms
}

func (r *registry) use(o *Options) { o.UserRooms = r }

func TestWhoConnectsHearsTheRoomsThatTheAppHasThemIn(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{"ann": {"b", "a"}, "bob": {"a"}, "eve": {"c"}}}
	h := serve(t, &memory{}, r.use)
	ann, bob, eve := h.visit("ann", time.Hour), h.visit("bob", time.Hour), h.visit("eve", time.Hour)
	if got := bob.ask("send_message", `{"roomId":"a","text":"hi"}`); got["ok"] != true {
		t.Fatal(got)
	}
	ann.await(`42["receive_message",{"roomId":"a","text":"hi"`)
	if got := bob.ask("send_message", `{"text":"to the only room"}`); got["ok"] != true {
		t.Error(got)
	}
	ann.await(`42["receive_message",{"text":"to the only room"`)
	for _, event := range []string{"send_message", "join_room"} {
		if got := eve.ask(event, `{"roomId":"a","text":"let me in"}`); got["ok"] == true {
			t.Errorf("%s: %v", event, got)
		}
	}
	if got := eve.ask("join_room", `"a"`); got["code"] != "forbidden" {
		t.Error(got)
	}
}

func TestNeitherAnotherJoinNorALeaveTakesOneOutOfAGivenRoom(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{"ann": {"a", "b"}, "bob": {"a", "b"}}}
	h := serve(t, &memory{}, r.use)
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	eventually(t, func() bool { return h.chat.rosters.Sockets("a") == 2 }) // bob is told that he is connected before he is on the lists
	if got := ann.ask("join_room", `"a"`); got["ok"] != true || len(got["members"].([]any)) != 2 {
		t.Error(got)
	}
	ann.ask("join_room", `"b"`)
	if got := ann.ask("leave_room", `"a"`); got["ok"] != true {
		t.Error(got)
	}
	bob.ask("send_message", `{"roomId":"a","text":"still there?"}`)
	ann.await(`42["receive_message",{"roomId":"a","text":"still there?"`)
	if n := h.chat.rosters.Sockets("a"); n != 2 {
		t.Errorf("the list counts %d sockets", n)
	}
	ann.Close()
	eventually(t, func() bool { return h.chat.rosters.Sockets("a") == 1 && h.chat.rosters.Sockets("b") == 1 })
}

func TestARoomThatTheAppHasJustMadeMayBeJoinedAndSentTo(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{}}
	h := serve(t, &memory{}, r.use)
	ann, tab := h.visit("ann", time.Hour), h.visit("ann", time.Hour)
	r.set("ann", "new")
	if got := ann.ask("send_message", `{"roomId":"new","text":"hi"}`); got["ok"] != true {
		t.Error(got)
	}
	tab.await(`42["receive_message",{"roomId":"new","text":"hi"`)
	r.set("ann", "new", "newer")
	if got := tab.ask("join_room", `"newer"`); got["ok"] != true {
		t.Error(got)
	}
}

func TestRoomsAreRenewedWhenTheAppSaysSoAndInEveryRound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){"by the app": nil, "by the round": func(o *Options) { o.Recheck = soon }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &registry{rooms: map[string][]string{"ann": {"a"}, "bob": {"a"}}}
			h := serve(t, &memory{}, func(o *Options) {
				r.use(o)
				if change != nil {
					change(o)
				}
			})
			renew := func(users ...string) {
				if change == nil {
					h.chat.RenewRooms(users...)
				}
			}
			ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
			r.set("bob", "a", "b")
			renew("bob", "nobody")
			for !strings.HasPrefix(bob.await(`42["room_members",`), `42["room_members",[{"userId":"bob"`) { // the list of b
			}
			if got := bob.ask("send_message", `{"roomId":"b","text":"hi"}`); got["ok"] != true {
				t.Error(got)
			}
			r.set("ann")
			renew()
			ann.await(`42["error",{"code":"forbidden","message":"you may not be in this room any more","event":"join_room","roomId":"a"`)
			if got := ann.ask("send_message", `{"roomId":"a","text":"hi"}`); got["code"] != "not_in_room" {
				t.Error(got)
			}
			eventually(t, func() bool { return h.chat.rosters.Sockets("a") == 1 })
		})
	}
}

func TestWhoseRoomsNobodyKnowsIsNotLetInYetAndWhoIsInStays(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{"ann": {"a"}}}
	h := serve(t, &memory{}, func(o *Options) { r.use(o); o.Recheck = soon })
	ann := h.visit("ann", time.Hour)
	r.mu.Lock()
	r.fail = errors.New("down")
	r.mu.Unlock()
	eventually(t, func() bool { return h.tally.of("recheck user_rooms unavailable") > 2 })
	if got := ann.ask("send_message", `{"roomId":"a","text":"hi"}`); got["ok"] != true {
		t.Error(got)
	}
	bob := h.dial(`{"token":"` + minted(t, "bob") + `"}`)
	for {
		if packet, err := bob.Next(); err != nil {
			break
		} else if strings.HasPrefix(packet, "40") {
			t.Fatalf("it was let in: %s", packet)
		}
	}
	if reason := <-h.tally.closed; reason != RoomsUnavailable {
		t.Errorf("closed for %s, so that the client would not come back", reason)
	}
}

func TestWhoComesBackIsInTheRoomsOfNowAndHasMissedNothing(t *testing.T) {
	t.Parallel()
	r := &registry{rooms: map[string][]string{"ann": {"a", "b"}, "bob": {"a", "b"}}}
	h := serve(t, &memory{}, func(o *Options) { recovering(o); r.use(o) })
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	bob.ask("send_message", `{"roomId":"a","text":"before"}`)
	offset := offsetOf(t, ann.await(`42["receive_message",{"roomId":"a","text":"before"`))
	ann.Close()
	eventually(t, func() bool { return h.chat.rosters.Sockets("a") == 1 })
	bob.ask("send_message", `{"roomId":"a","text":"meanwhile"}`)
	bob.ask("send_message", `{"roomId":"b","text":"not for ann any more"}`)
	r.set("ann", "a", "c")
	again := h.returns(ann, "ann", offset)
	if again.session != ann.session {
		t.Errorf("the session is %s, was %s", again.session, ann.session)
	}
	again.await(`42["receive_message",{"roomId":"a","text":"meanwhile"`)
	if again.count("not for ann", `42["error",{"code":"forbidden"`) != 0 {
		t.Error("ann hears a room that she has left")
	}
	if got := again.ask("send_message", `{"roomId":"c","text":"in the new one"}`); got["ok"] != true {
		t.Error(got)
	}
	if n := h.chat.rosters.Sockets("a"); n != 2 {
		t.Errorf("the list counts %d sockets", n)
	}
}

func TestAPersonalRoomIsHeardByItsUserAlone(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) {
		o.PersonalRoom, o.RoomRules = "user:$user", []RoomRule{{Pattern: "user:$user"}}
	})
	ann, tab, eve := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("eve", time.Hour)
	if got := eve.ask("join_room", `"user:ann"`); got["code"] != "forbidden" {
		t.Error(got)
	}
	if got := ann.ask("join_room", `"user:ann"`); got["ok"] != true {
		t.Error(got)
	}
	ann.ask("join_room", `"r"`)
	ann.ask("leave_room", `"user:ann"`)
	h.chat.namespace.To("user:ann").Emit("news", "for ann")
	for _, v := range []*visitor{ann, tab} {
		v.await(`42["news","for ann"`)
	}
	h.chat.namespace.Emit("end")
	if eve.count("news", `42["end"`) != 0 {
		t.Error("eve hears what is for ann")
	}
	if n := h.chat.Rooms(); n != 1 {
		t.Errorf("%d rooms have lists of members, only r should", n)
	}
	if got := ann.ask("send_message", `{"text":"to the only room"}`); got["ok"] != true {
		t.Error(got)
	}
}

func TestEverybodyIsInTheDefaultRoomUntilTheyLeaveIt(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{guests: map[string]bool{}}, func(o *Options) { recovering(o); o.DefaultRoom, o.Guarded = "lobby", true })
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	if got := ann.ask("send_message", `{"text":"hi"}`); got["ok"] != true {
		t.Fatal(got)
	}
	offset := offsetOf(t, bob.await(`42["receive_message",{"text":"hi"`))
	bob.Close()
	eventually(t, func() bool { return h.chat.rosters.Sockets("lobby") == 1 })
	again := h.returns(bob, "bob", offset)
	eventually(t, func() bool { return h.chat.rosters.Sockets("lobby") == 2 })
	again.ask("leave_room", `"lobby"`)
	again.Close()
	eventually(t, func() bool { return h.tally.of("leave_room ok") == 1 })
	<-h.tally.closed
	third := h.returns(again, "bob", offset)
	if got := third.ask("send_message", `{"roomId":"lobby","text":"hi"}`); got["code"] != "not_in_room" {
		t.Errorf("who had left is back: %v", got)
	}
	if got := third.ask("join_room", `"lobby"`); got["ok"] != true {
		t.Error(got)
	}
}

func minted(t *testing.T, user string) string {
	t.Helper()
	tok, err := token.Mint([]byte(secret), user, "Name of "+user, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
