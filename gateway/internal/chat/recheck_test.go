package chat

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

const soon = 20 * time.Millisecond

func guarded(store *memory) func(*Options) {
	return func(o *Options) { o.Guarded, o.Recheck, o.Multi = true, soon, true }
}

func TestWhoLosesTheRightToARoomLeavesItAndIsTold(t *testing.T) {
	t.Parallel()
	store := &memory{guests: map[string]bool{"ann": true, "bob": true}}
	h := serve(t, store, guarded(store))
	ann, bob, tab := h.visit("ann", time.Hour), h.visit("bob", time.Hour), h.visit("bob", time.Hour)
	for _, v := range []*visitor{ann, bob, tab} {
		if got := v.ask("join_room", `"r"`); got["ok"] != true {
			t.Fatal(got)
		}
	}
	bob.ask("join_room", `"another"`)
	ann.await(`42["room_members",[{"userId":"ann","username":"Name of ann"},{"userId":"bob"`)
	store.set(func() { delete(store.guests, "bob") })
	for _, v := range []*visitor{bob, tab} {
		v.await(`42["error",{"code":"forbidden","message":"you may not be in this room any more","event":"join_room","roomId":"`)
		if got := v.ask("send_message", `{"text":"still here","roomId":"r"}`); got["code"] != "not_in_room" {
			t.Errorf("sending: %v", got)
		}
	}
	ann.await(`42["room_members",[{"userId":"ann","username":"Name of ann"}]]`)
	if got := ann.ask("send_message", `{"text":"hi","roomId":"r"}`); got["ok"] != true {
		t.Errorf("who has kept the right: %v", got)
	}
	bob.ask("leave_room", `"nowhere"`) // whatever was sent to the room before would have come before its answer
	if n := h.tally.of("recheck room ended"); n != 2 {
		t.Errorf("%d rights are counted as ended, want 2: one for each room of bob's", n)
	}
}

func TestAnOutageThrowsNobodyOut(t *testing.T) {
	t.Parallel()
	store := &memory{guests: map[string]bool{"ann": true}}
	logins := &ledger{}
	h := serve(t, store, func(o *Options) { guarded(store)(o); o.Logins = logins })
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	store.set(func() { store.barred = errors.New("down"); delete(store.guests, "ann") })
	logins.set(nil, errors.New("down"))
	eventually(t, func() bool {
		return h.tally.of("recheck room unavailable") > 3 && h.tally.of("recheck login unavailable") > 3
	})
	if got := ann.ask("send_message", `{"text":"hi","roomId":"r"}`); got["ok"] != true {
		t.Errorf("a member in an outage: %v", got)
	}
	store.set(func() { store.barred = nil })
	ann.await(`42["error",{"code":"forbidden"`)
}

func TestEveryRoomOfEverybodyIsAskedAboutInEveryRound(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, guarded(store))
	v := h.visit("ann", time.Hour)
	for i := range maxRooms { // more than one question takes
		v.say(`42["join_room",` + string(rune('1'+i%9)) + strings.Repeat("0", i/9) + `]`)
		if i == 2*recheckBatch {
			break
		}
	}
	v.ask("join_room", `"last"`)
	store.set(func() { store.asked = nil })
	eventually(t, func() bool {
		store.mu.Lock()
		defer store.mu.Unlock()
		return len(store.asked) > 6*recheckBatch
	})
	store.mu.Lock()
	defer store.mu.Unlock()
	rooms := make(map[string]bool)
	for _, seat := range store.asked {
		rooms[seat.Room] = true
	}
	if len(rooms) != 2*recheckBatch+2 {
		t.Errorf("%d rooms were asked about, want %d", len(rooms), 2*recheckBatch+2)
	}
	if store.most > recheckBatch {
		t.Errorf("%d seats in one question, at most %d should be", store.most, recheckBatch)
	}
}

// A right that is lost while its owner comes and goes must leave neither a ghost in the list nor a hole.
func TestRightsThatFlickerLeaveTheListRight(t *testing.T) {
	t.Parallel()
	store := &memory{guests: map[string]bool{"ann": true, "bob": true}}
	h := serve(t, store, func(o *Options) { guarded(store)(o); o.Recheck, o.Multi = time.Millisecond, false })
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	tabs := []*visitor{h.visit("bob", time.Hour), h.visit("bob", time.Hour)}
	for i := range 60 {
		store.set(func() { store.guests["bob"] = i%3 > 0 })
		for n, tab := range tabs {
			tab.say(`42["join_room","` + []string{"r", "another"}[(i+n)%3%2] + `"]`)
			if (i+n)%5 == 0 {
				tab.say(`42["leave_room","r"]`)
			}
		}
		tabs[i%2].ask("leave_room", `"nowhere"`)
	}
	store.set(func() { store.guests["bob"] = true; store.asked = nil })
	eventually(t, func() bool { // until no answer of before is on its way
		store.mu.Lock()
		defer store.mu.Unlock()
		return len(store.asked) > 10
	})
	members := func(v *visitor) int { return len(v.ask("join_room", `"r"`)["members"].([]any)) }
	for _, tab := range tabs {
		if n := members(tab); n != 2 {
			t.Errorf("%d members while both are there, want 2", n)
		}
	}
	tabs[0].ask("leave_room", `"r"`)
	if n := members(ann); n != 2 {
		t.Errorf("%d members while one of bob's tabs is left, want 2", n)
	}
	tabs[1].ask("leave_room", `"r"`)
	if n := members(ann); n != 1 {
		t.Errorf("%d members after all of bob has left, want 1", n)
	}
}

func TestWhoIsInARoomIsInItsListWhoeverComesBetween(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	h.visit("ann", time.Hour)
	var s *socketio.Socket
	eventually(t, func() bool {
		h.chat.namespace.Each(func(other *socketio.Socket) { s = other })
		return s != nil
	})
	m := s.Data.(*member)
	for range 3000 {
		var both sync.WaitGroup
		both.Go(func() { h.chat.enterRoom(s, m, &request{chat: h.chat, socket: s, event: &socketio.Event{}}, "r", nil) })
		both.Go(func() { h.chat.loseSeat(s, "r") })
		both.Wait()
		if in, listed := s.In("r"), h.chat.rosters.Sockets("r"); in != (listed == 1) {
			t.Fatalf("in the room: %t, in its list: %d", in, listed)
		}
		h.chat.leaveRoom(s, m, "r")
	}
}

// ledger is Logins.
type ledger struct {
	mu    sync.Mutex
	ended []string // ids of tokens
	fail  error
}

func (l *ledger) set(ended []string, fail error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended, l.fail = ended, fail
}

func (l *ledger) Ended(_ context.Context, logins []token.Login) (ended []bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, login := range logins {
		ended = append(ended, slices.Contains(l.ended, login.UserID))
	}
	return ended, l.fail
}

func TestALoginThatHasEndedEndsItsConnectionsAndNoOthers(t *testing.T) {
	t.Parallel()
	logins := &ledger{}
	h := serve(t, &memory{}, func(o *Options) { o.Logins, o.Recheck = logins, soon })
	ann, tab, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	logins.set([]string{"ann"}, errors.New("of some nobody knows"))
	for _, v := range []*visitor{ann, tab} {
		for packet := ""; ; {
			var err error
			if packet, err = v.Next(); err != nil {
				break
			}
			if strings.HasPrefix(packet, "41") {
				t.Error("told to stay away: the client would not come back with a fresh login")
			}
		}
		if reason := <-h.tally.closed; reason != LoginEnded {
			t.Errorf("closed because of %q", reason)
		}
	}
	if got := bob.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("bob: %v", got)
	}
}

func TestNoConnectionLivesForEver(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.MaxAge = 50 * time.Millisecond })
	v := h.visit("ann", time.Hour)
	for {
		packet, err := v.Next()
		if err != nil {
			break
		}
		if strings.HasPrefix(packet, "41") {
			t.Error("told to stay away")
		}
	}
	if reason := <-h.tally.closed; reason != TooOld {
		t.Errorf("closed because of %q", reason)
	}
	h = serve(t, &memory{}, func(o *Options) { o.MaxAge = time.Hour })
	h.visit("ann", 2*time.Second) // exp is in whole seconds
	if reason := <-h.tally.closed; reason != TokenExpired {
		t.Errorf("a token that ends sooner closed because of %q", reason)
	}
}

// diary is an Auditor.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) Record(event, user, room string, address netip.Addr, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, strings.Join([]string{event, user, room, address.String(), reason}, " "))
}

func TestTheAuditLogHasWhoDidWhat(t *testing.T) {
	t.Parallel()
	store, logins, record := &memory{guests: map[string]bool{"ann": true}}, &ledger{}, &diary{}
	h := serve(t, store, func(o *Options) { guarded(store)(o); o.Logins, o.Audit = logins, record })
	h.dial(`{"token":"eyJ.not.good"}`).await("44")
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	store.set(func() { delete(store.guests, "ann") })
	ann.await(`42["error"`)
	ann.ask("join_room", `"r"`)
	logins.set([]string{"ann"}, nil)
	<-h.tally.closed
	<-h.tally.closed
	want := []string{"refusal   127.0.0.1 malformed", "login ann  127.0.0.1 ", "join ann r 127.0.0.1 ", "right_lost ann r 127.0.0.1 ",
		"forbidden ann r 127.0.0.1 ", "revoked ann  127.0.0.1 "}
	record.mu.Lock()
	defer record.mu.Unlock()
	if !slices.Equal(record.lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(record.lines, "\n"), strings.Join(want, "\n"))
	}
}

// Its connection closes in a moment, and may be asked about again until then.
func TestALoginThatIsFoundEndedTwiceIsInTheAuditLogOnce(t *testing.T) {
	t.Parallel()
	record := &diary{}
	h := serve(t, &memory{}, func(o *Options) { o.Audit = record })
	h.visit("ann", time.Hour)
	h.chat.namespace.Each(func(s *socketio.Socket) {
		for range 2 {
			h.chat.endLogin(s, s.Data.(*member))
		}
	})
	<-h.tally.closed
	record.mu.Lock()
	defer record.mu.Unlock()
	if want := []string{"login ann  127.0.0.1 ", "revoked ann  127.0.0.1 "}; !slices.Equal(record.lines, want) {
		t.Errorf("%q", record.lines)
	}
}

func TestAConnectionTooManyIsNoLoginOfTheAuditLog(t *testing.T) {
	t.Parallel()
	record := &diary{}
	h := serve(t, &memory{}, func(o *Options) { o.Audit = record })
	for range maxConnectionsOfUser {
		h.visit("ann", time.Hour)
	}
	tok, err := token.Mint([]byte(secret), "ann", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	h.dial(`{"token":"` + tok + `"}`).await(`44{"message":"Too many connections"`)
	records := func() int {
		record.mu.Lock()
		defer record.mu.Unlock()
		return len(record.lines)
	}
	eventually(t, func() bool { return records() >= maxConnectionsOfUser })
	if n := records(); n != maxConnectionsOfUser {
		t.Errorf("%d records of %d logins", n, maxConnectionsOfUser)
	}
}

// eventually waits for something that another goroutine will do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(soon)
	defer tick.Stop()
	for end := time.Now().Add(patience); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("it did not come to that")
		}
	}
}
