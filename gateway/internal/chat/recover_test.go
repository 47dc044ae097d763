package chat

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func recovering(o *Options) { o.Recovers = true }

// offsetOf is the last argument of a message.
func offsetOf(t *testing.T, packet string) string {
	t.Helper()
	parts := strings.Split(packet, `"`)
	if offset := parts[len(parts)-2]; strings.HasSuffix(packet, `,"`+offset+`"]`) {
		return offset
	}
	t.Fatalf("%s has no offset", packet)
	return ""
}

func TestWhoComesBackIsAMemberAgainAndGetsWhatWasSaid(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, recovering)
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"r"`)
	bob.ask("join_room", `"r"`)
	bob.ask("send_message", `{"roomId":"r","text":"before"}`)
	offset := offsetOf(t, ann.await(`42["receive_message",{"roomId":"r","text":"before"`))
	ann.Close()
	for said := `"ann"`; strings.Contains(said, `"ann"`); {
		said = bob.await(`42["room_members"`)
	}
	bob.ask("send_message", `{"roomId":"r","text":"meanwhile"}`)

	again := h.returns(ann, "ann", offset)
	if again.session != ann.session {
		t.Errorf("the session is %s, was %s", again.session, ann.session)
	}
	if next, err := again.Next(); err != nil || !strings.HasPrefix(next, `42["receive_message",{"roomId":"r","text":"meanwhile"`) {
		t.Errorf("behind the reply came %s, %v", next, err)
	}
	for said := ""; !strings.Contains(said, `"ann"`); {
		said = bob.await(`42["room_members"`)
	}
	if members := again.ask("join_room", `"r"`)["members"].([]any); len(members) != 2 {
		t.Errorf("the room has %v", members)
	}
	if n := h.chat.rosters.Sockets("r"); n != 2 {
		t.Errorf("the list counts %d sockets", n)
	}
	if again.ask("send_message", `{"roomId":"r","text":"after"}`)["ok"] != true {
		t.Error("who is back may not send")
	}
	if n := bob.count(`"meanwhile"`, `42["receive_message",{"roomId":"r","text":"after"`); n > 1 {
		t.Errorf("bob hears it %d times", n)
	}
	again.ask("leave_room", `"r"`)
	if n := h.chat.rosters.Sockets("r"); n != 1 {
		t.Errorf("the list counts %d sockets", n)
	}
}

func TestWhoMayNotBeInARoomAnyMoreDoesNotComeBackIntoIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, room string
		outcome    string
		change     func(*memory)
	}{
		{"the query says no", "r", "forbidden", func(m *memory) { m.guests = map[string]bool{"bob": true} }},
		{"the query still says yes", "r", "back", func(m *memory) {}},
		{"nobody knows", "r", "anew", func(m *memory) { m.barred = message.ErrUnavailable }},
		{"a rule says yes", "open", "back", func(m *memory) { m.guests = map[string]bool{"bob": true} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := &memory{}
			h := serve(t, store, func(o *Options) {
				o.Recovers, o.Guarded, o.RoomRules = true, true, []RoomRule{{Pattern: "open", Anybody: true}}
			})
			ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
			ann.ask("join_room", `"`+c.room+`"`)
			bob.ask("join_room", `"`+c.room+`"`)
			ann.Close()
			for said := `"ann"`; strings.Contains(said, `"ann"`); {
				said = bob.await(`42["room_members"`)
			}
			bob.ask("send_message", `{"roomId":"`+c.room+`","text":"secret"}`)
			store.set(func() { c.change(store) })
			again := h.returns(ann, "ann", "")
			if same := again.session == ann.session; same != (c.outcome != "anew") {
				t.Errorf("the session is the same: %v", same)
			}
			switch c.outcome {
			case "forbidden":
				if said := again.await(`42["error"`); !strings.Contains(said, `"forbidden"`) || !strings.Contains(said, `"roomId":"`+c.room+`"`) {
					t.Errorf("was told %s", said)
				}
			case "back":
				again.await(`42["receive_message"`)
			}
			again.say(`429["leave_room","nowhere"]`)
			if n := again.count("secret", "439"); n != 0 {
				t.Errorf("heard it %d times more", n)
			}
			want := map[string]int{"back": 2, "anew": 1, "forbidden": 1}[c.outcome]
			if n := h.chat.rosters.Sockets(c.room); n != want {
				t.Errorf("the list counts %d sockets", n)
			}
		})
	}
}

func TestAPersonsMessagesAreMissedOnceBySenderAndReceiver(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) {
		o.Recovers, o.Columns = true, contract.Columns{Receiver: "receiverId"}
	})
	phone, laptop, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	bob.ask("send_message", `{"receiverId":"ann","text":"before"}`)
	offset := offsetOf(t, phone.await(`42["receive_message"`))
	phone.Close()
	laptop.ask("send_message", `{"receiverId":"bob","text":"to bob"}`)
	laptop.ask("send_message", `{"receiverId":"ann","text":"to herself"}`)
	bob.ask("send_message", `{"receiverId":"ann","text":"to ann"}`)
	again := h.returns(phone, "ann", offset)
	for _, text := range []string{"to bob", "to herself", "to ann"} {
		if next, err := again.Next(); err != nil || !strings.Contains(next, `"text":"`+text+`"`) {
			t.Errorf("got %s, %v", next, err)
		}
	}
	again.say(`429["leave_room","nowhere"]`)
	if n := again.count("receive_message", "439"); n != 0 {
		t.Errorf("%d came twice", n)
	}
}

func TestTheFirstEqualSendAfterARecoveryIsAResend(t *testing.T) {
	t.Parallel()
	const ok = `{"roomId":"r","text":"ok"}`
	store, p := &memory{}, &past{}
	h := serveAfter(t, store, p)
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	ann.say(`42["send_message",{"roomId":"r","text":"first"}]`)
	heard := offsetOf(t, ann.await(`42["receive_message",{"roomId":"r","text":"first"`))
	ann.ask("send_message", ok)
	ann.Close()
	p.mu.Lock()
	p.rows = []message.Kept{row(1<<62, "r", "ann", "ok")} // by its place it is behind what she has heard
	p.mu.Unlock()

	again := h.returns(ann, "ann", heard)
	told := again.ask("send_message", ok)["message"].(map[string]any)
	if told["id"] != "ok-id" || len(store.texts()) != 2 {
		t.Errorf("got %v; stored %q", told, store.texts())
	}
	if want, _ := strconv.ParseUint(heard, 36, 64); p.after[len(p.after)-1] != want {
		t.Errorf("asked for what comes after %v, want %d", p.after, want)
	}
	again.ask("send_message", ok)
	if got := store.texts(); len(got) != 3 {
		t.Errorf("the second is not stored: %q", got)
	}
	again.Close()
	third := h.returns(ann, "ann", heard)
	third.ask("send_message", ok)
	if got := store.texts(); len(got) != 4 {
		t.Errorf("one row stood for two: %q", got)
	}
	third.Close()
	fourth := h.returns(ann, "ann", heard)
	fourth.ask("send_message", `{"roomId":"r","text":"another"}`)
	fourth.ask("send_message", ok)
	if got := store.texts(); len(got) != 6 {
		t.Errorf("what is not first is taken for a resend: %q", got)
	}
}

func TestWhoComesBackAgainAndAgainAsksTheDatabaseNoMoreThanWhoJoins(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, func(o *Options) {
		o.Recovers, o.Guarded, o.Multi, o.RateLimit, o.UserRate = true, true, true, 3, 3
	})
	h.visit("eve", time.Hour) // whose other connections share the limit
	phone := h.visit("eve", time.Hour)
	for _, room := range []string{`"1"`, `"2"`, `"3"`, `"4"`, `"5"`} {
		phone.ask("join_room", room)
	}
	phone.Close()
	if again := h.returns(phone, "eve", ""); again.session == phone.session {
		t.Error("five rooms were asked for beyond the limit")
	}
	if h.tally.of("not recovered: refused") != 1 || h.tally.of("limited joins of user") != 1 || len(store.asked) != 0 {
		t.Errorf("counted %v; asked for %v", h.tally.events, store.asked)
	}
}
