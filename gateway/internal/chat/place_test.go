package chat

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

// direct lets messages go to persons.
func direct(o *Options) {
	o.Columns = contract.Columns{Text: "text", User: "senderId", Receiver: "receiverId"}
	o.NoRooms = true
	o.Relays = []Relay{{Event: "typing"}}
}

func TestAMessageThatCouldNameAnotherPlaceGoesNowhere(t *testing.T) {
	t.Parallel()
	store := &memory{}
	log := &logtest.Log{}
	h := serve(t, store, func(o *Options) {
		o.Relays, o.Logger = []Relay{{Event: "typing"}}, slog.New(slog.NewTextHandler(log, nil))
	})
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"lobby"`)
	for _, field := range []string{`"to":"bob"`, `"channel":"c"`, `"data":{"roomId":"r"}`} {
		for _, event := range []string{"send_message", "typing"} {
			got := ann.ask(event, `{"text":"for bob",`+field+`}`)
			if got["code"] != "bad_request" || !strings.Contains(got["error"].(string), "MESSAGE_RECEIVER_COLUMN") {
				t.Errorf("%s of %s: %v", event, field, got)
			}
		}
	}
	if got := ann.ask("send_message", `{"text":"for all","replyTo":"m1"}`); got["ok"] != true {
		t.Errorf("content is refused: %v", got)
	}
	if got := ann.ask("send_message", `{"text":"for all","to":"bob","roomId":"lobby"}`); got["ok"] != true {
		t.Errorf("a message that names its room is refused: %v", got)
	}
	if len(store.saved) != 2 {
		t.Errorf("%d messages are stored, want 2", len(store.saved))
	}
	if n := strings.Count(log.String(), "key=to"); n != 1 {
		t.Errorf("the log names the key %d times: %s", n, log)
	}
}

func TestADirectMessageReachesItsReceiverAndItsSenderOnly(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, direct)
	ann, phone, bob, eve := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour), h.visit("eve", time.Hour)
	for _, room := range []string{`"bob"`, `"\u0000user\u0000bob"`, `"user:bob"`, `{"receiverId":"bob"}`, `{"roomId":"\u0000user\u0000bob"}`} {
		eve.ask("join_room", room)
	}
	got := ann.ask("send_message", `{"to":"bob","content":"psst"}`)
	told, _ := got["message"].(map[string]any)
	if got["ok"] != true || told["receiverId"] != "bob" || told["senderId"] != "ann" || told["roomId"] != nil || told["to"] != "bob" {
		t.Fatalf("ack %v", got)
	}
	for who, v := range map[string]*visitor{"bob": bob, "ann's phone": phone} {
		if heard := v.await(`42["receive_message"`); !strings.Contains(heard, `"text":"psst"`) {
			t.Errorf("%s hears %s", who, heard)
		}
	}
	bob.ask("send_message", `{"receiverId":"eve","text":"for eve"}`)
	if heard := eve.await(`42["receive_message"`); !strings.Contains(heard, "for eve") || strings.Contains(heard, "psst") {
		t.Errorf("eve hears %s", heard)
	}
	if d := store.saved[0]; d.Room != "" || d.Receiver != "bob" || d.User != "ann" {
		t.Errorf("stored %+v", d)
	}
}

func TestADirectMessageNamesOnePerson(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, direct)
	ann := h.visit("ann", time.Hour)
	ann.ask("join_room", `"ann_bob"`)
	for payload, want := range map[string]any{
		`{"text":"hi"}`: "bad_request", `{"roomId":"ann_bob","text":"hi"}`: "bad_request", `{"to":["bob","eve"],"text":"hi"}`: "bad_request",
		`{"to":"\u0000user\u0000bob","text":"hi"}`:            "bad_request",
		`{"roomId":"staff","receiverId":"bob","text":"hi"}`:   "not_in_room", // bob would see it in a room that she has not joined
		`{"roomId":"ann_bob","receiverId":"bob","text":"hi"}`: nil, `{"to":{"_id":"bob"},"text":"hi"}`: nil,
	} {
		if got := ann.ask("send_message", payload); got["code"] != want {
			t.Errorf("%s: %v, want %v", payload, got, want)
		}
	}
}

func TestARoomOrAPersonWhereTheTableHasBoth(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, func(o *Options) { direct(o); o.NoRooms = false })
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"lobby"`)
	for payload, want := range map[string]any{
		`{"roomId":"lobby","text":"hi"}`: nil, `{"text":"hi"}`: nil, `{"to":"bob","text":"psst"}`: nil, `{"roomId":null,"to":"bob","text":"psst"}`: nil,
		`{"roomId":"lobby","to":"bob","text":"hi"}`: "bad_request",
	} {
		if got := ann.ask("send_message", payload); got["code"] != want {
			t.Errorf("%s: %v, want %v", payload, got, want)
		}
	}
	if heard := bob.await(`42["receive_message"`); !strings.Contains(heard, "psst") {
		t.Errorf("bob hears %s", heard)
	}
	for _, d := range store.saved {
		if (d.Room == "") == (d.Receiver == "") {
			t.Errorf("stored %+v", d)
		}
	}
}

func TestARelayReachesThePersonItNames(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, direct)
	ann, bob, eve := h.visit("ann", time.Hour), h.visit("bob", time.Hour), h.visit("eve", time.Hour)
	if got := ann.ask("typing", `{"receiverId":"bob","userId":"boss"}`); got["ok"] != true {
		t.Fatal(got)
	}
	if heard := bob.await(`42["typing"`); heard != `42["typing",{"receiverId":"bob","userId":"ann","username":"Name of ann"}]` {
		t.Errorf("bob hears %s", heard)
	}
	ann.ask("typing", `{"to":"eve"}`)
	if heard := eve.await(`42["typing"`); !strings.Contains(heard, `"to":"eve"`) {
		t.Errorf("eve hears %s", heard)
	}
}

func TestPersonalRoomsAreNoneThatOneIsIn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { direct(o); o.NoRooms = false })
	ann := h.visit("ann", time.Hour)
	if got := ann.ask("send_message", `{"text":"hi"}`); got["code"] != "bad_request" {
		t.Errorf("a personal room is the only one: %v", got)
	}
	ann.ask("join_room", `"a"`)
	ann.ask("join_room", `"b"`) // leaves a, and not her own
	if got := ann.ask("send_message", `{"text":"hi"}`); got["message"].(map[string]any)["roomId"] != "b" {
		t.Errorf("got %v", got)
	}
	ann.say(`42["send_message",{"text":"to myself","to":"ann"}]`)
	ann.say(`421["leave_room","a"]`)
	if n := ann.count("to myself", "431"); n != 1 {
		t.Errorf("what she writes to herself comes %d times", n)
	}
}

func TestNobodyNamesARoomOfTheGatewaysOwn(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.OpenRooms = true })
	ann := h.visit("ann", time.Hour)
	for _, room := range []string{`"\u0000connections"`, `"\u0000user\u0000bob"`, `"\u0000"`} {
		for event, payload := range map[string]string{"join_room": room, "leave_room": room, "send_message": `{"text":"hi","roomId":` + room + `}`} {
			if got := ann.ask(event, payload); got["code"] != "bad_request" {
				t.Errorf("%s %s: %v", event, payload, got)
			}
		}
	}
	if !h.chat.Hidden("\x00connections") {
		t.Error("an app that is attached is told of it")
	}
}
