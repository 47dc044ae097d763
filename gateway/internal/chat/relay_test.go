package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
)

func relaying(o *Options) {
	o.Relays = []Relay{{Event: "typing"}, {Event: "stop_typing"}, {Event: "message_read"}, {Event: "cursor", As: "user_cursor"}}
}

func TestRelaysReachTheOthersWithTheVerifiedIdentity(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, relaying)
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"r"`)
	bob.ask("join_room", `"r"`)
	const by = `"userId":"ann","username":"Name of ann"`
	for _, c := range []struct{ said, heard string }{
		{`["typing","r"]`, `["typing",{"roomId":"r",` + by + `}]`},
		{`["typing"]`, `["typing",{` + by + `,"roomId":"r"}]`},
		{`["typing",{"room":"r","isTyping":false,"username":"Eve"}]`, `["typing",{"room":"r","isTyping":false,"username":"Name of ann","userId":"ann"}]`},
		{`["stopTyping","r","Eve"]`, `["stopTyping",{"roomId":"r",` + by + `}]`},
		{`["stop-typing",{"chatId":"r","user":{"name":"Eve"}}]`, `["stop-typing",{"chatId":"r","user":{"id":"ann","userId":"ann","username":"Name of ann","name":"Name of ann"},` + by + `}]`},
		{`["message_read",{"roomId":"r","messageId":"m1","readBy":["eve"],"reader_id":"eve"}]`, `["message_read",{"roomId":"r","messageId":"m1","readBy":["ann"],"reader_id":"ann",` + by + `}]`},
		{`["message_read",{"roomId":"r","seen_by":[{"userId":"eve"}]}]`, `["message_read",{"roomId":"r","seen_by":[{"id":"ann","userId":"ann","username":"Name of ann","name":"Name of ann"}],` + by + `}]`},
		{`["typing",null]`, `["typing",{` + by + `,"roomId":"r"}]`}, // what JavaScript makes of undefined
		{`["typing",{"room_id":"r"}]`, `["typing",{"room_id":"r",` + by + `}]`},
		{`["typing",{"roomId":"r","chat_id":["other"],"channel":"general"}]`, `["typing",{"roomId":"r","chat_id":"r","channel":"general",` + by + `}]`},
		{`["cursor",{"roomId":"r","x":1}]`, `["user_cursor",{"roomId":"r","x":1,` + by + `}]`},
		{`["typing",{"roomId":"r","chatId":"other"}]`, `["typing",{"roomId":"r","chatId":"r",` + by + `}]`},
	} {
		ann.say("42" + c.said)
		var event []json.RawMessage
		if err := json.Unmarshal([]byte(c.heard), &event); err != nil {
			t.Fatal(err)
		}
		if got := bob.await("42[" + string(event[0])); got != "42"+c.heard {
			t.Errorf("%s was heard as\n%s, want\n42%s", c.said, got, c.heard)
		}
	}
	if n := h.tally.of("stop_typing ok"); n != 2 {
		t.Errorf("counted %d under the configured name, want 2", n)
	}
}

func TestRelaysAreNotStoredAndNotHeardBySender(t *testing.T) {
	t.Parallel()
	store := &memory{}
	ann := serve(t, store, relaying).visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	ann.say(`42["typing","r"]`)
	ann.say(`42["send_message",{"roomId":"r","text":"x"}]`)
	got := ann.await(`42["`)
	for strings.HasPrefix(got, `42["room_members"`) {
		got = ann.await(`42["`)
	}
	if !strings.HasPrefix(got, `42["receive_message"`) {
		t.Fatalf("the sender hears %s", got)
	}
	if got := ann.ask("typing", `"r"`); got["ok"] != true || got["message"] != nil {
		t.Errorf("ack %v", got)
	}
	if len(store.saved) != 1 {
		t.Errorf("%d rows, want the message alone", len(store.saved))
	}
}

func TestRelayWantsTheRoomJoined(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { relaying(o); o.OpenRooms = true }).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	for _, c := range []struct{ payload, code string }{
		{`"other"`, "not_in_room"}, {`{"chatId":"other"}`, "not_in_room"}, {`{"roomId":{}}`, "bad_request"},
		{`true`, "bad_request"}, {`["r"]`, "bad_request"}, {`""`, "bad_request"},
	} {
		if got := v.ask("typing", c.payload); got["code"] != c.code {
			t.Errorf("%s: %v, want %s", c.payload, got, c.code)
		}
	}
	v.say(`42["typing","other"]`)
	v.await(`42["error",{"code":"not_in_room"`)
}

func TestRelaysHaveARateOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { relaying(o); o.RelayRate = 2 })
	v := h.visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	refused := 0
	for range 20 {
		if v.ask("typing", `"r"`)["code"] == "rate_limited" {
			refused++
		}
	}
	if refused == 0 || refused > 16 {
		t.Errorf("%d of 20 refused", refused)
	}
	// Without an ack nobody is told: apps show errors to people.
	v.say(`42["typing","r"]`)
	if got := v.ask("send_message", `{"roomId":"r","text":"x"}`); got["ok"] != true {
		t.Errorf("a message after them: %v", got)
	}
	if n := h.tally.of("typing rate_limited"); n != refused+1 {
		t.Errorf("counted %d, want %d", n, refused+1)
	}
}

// A whole room that types at once costs as much per person in a room of any size.
func TestRelaysIntoLargeRoomsAreRarer(t *testing.T) {
	t.Parallel()
	c := &Chat{options: Options{RelayRate: 10, Observer: &tally{events: make(map[string]int)}}, rosters: presence.New(presence.Options{Announce: func(string, presence.List) int { return 0 }})}
	defer c.rosters.Close()
	crowd := &contract.Person{ID: "p"}
	for range 10_000 {
		c.rosters.Enter("stadium", crowd)
	}
	c.rosters.Enter("kitchen", crowd)
	for room, most := range map[string]int{"kitchen": 20, "stadium": 2} {
		m, n := &member{}, 0
		for n < 100 && c.affordsRelay(m, place{room: room}) {
			n++
		}
		if n != most {
			t.Errorf("%s: %d relays in a row, want %d", room, n, most)
		}
	}
}

// An attachment in the place of the object has a form that can't be added to.
func TestRelayOfABareAttachmentIsRefused(t *testing.T) {
	t.Parallel()
	ann := serve(t, &memory{}, relaying).visit("ann", time.Hour)
	ann.ask("join_room", `"r"`)
	ann.say(`451-9["typing",{"_placeholder":true,"num":0}]`)
	if err := ann.SayBinary([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if got := ann.await("439"); !strings.Contains(got, `"bad_request"`) {
		t.Errorf("ack %s", got)
	}
}
