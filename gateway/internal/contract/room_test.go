package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestRoomIsReadInEveryFormOfTheSurvey(t *testing.T) {
	t.Parallel()
	app := NewKeys(Columns{Room: "group_id"})
	for payload, want := range map[string]string{
		`"lobby"`: "lobby", `5`: "5", `"5"`: "5", `-1`: "-1",
		`{"roomId":"a"}`: "a", `{"room":7}`: "7", `{"conversationId":"c"}`: "c",
		`{"chatId":"d","x":1}`: "d", `{"channelId":"e"}`: "e",
		`{"groupId":"f"}`: "f", `{"group_id":7,"chatId":"first"}`: "first",
		`{"room":"second","roomId":"first"}`:  "first",
		`{"roomId":null,"chatId":"fallback"}`: "fallback",
		`"h\u00e9"`:                           "hé",
		`{"room_id":"snake"}`:                 "snake", `{"CHAT-ID":5}`: "5", `{"room_id":"second","roomId":"first"}`: "first",
		`{"chat_id":"second","room_id":"first"}`: "first",
	} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); !ok || got != want {
			t.Errorf("RoomOf(%s) = %q, %v; want %q", payload, got, ok, want)
		}
	}
}

func TestWhatIsNoRoomIsRefused(t *testing.T) {
	t.Parallel()
	app := NewKeys(Columns{})
	for _, payload := range []string{
		`{"groupId":"a"}`, "", `""`, `null`, `true`, `[]`, `["a"]`, `{}`, `{"roomId":""}`, `{"roomId":{}}`, `{"roomId":["a"]}`,
		`{"id":"a"}`, `"\u0000connections"`, `"\u0000user\u0000bob"`, `{"roomId":"\u0000"}`, `"` + strings.Repeat("x", MaxRoom+1) + `"`,
	} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); ok {
			t.Errorf("RoomOf(%.40s) = %.40q, want a refusal", payload, got)
		}
	}
}

// FuzzRoom holds an object to its room: once that is set, every key that names a room names it, in whatever spelling.
func FuzzRoom(f *testing.F) {
	for _, seed := range []string{
		`"lobby"`, `5`, `{"roomId":"a"}`, `{"room":7,"roomId":null}`, `{"room_id":"second","roomId":"first"}`, `{"groupId":7,"chatId":["x"]}`,
		`{"group_id":{"a":1},"CHAT-ID":-1e5}`, `{"roomId":"a","room":true}`, `{"roomId":""}`, `["a"]`, `null`, `{"text":"hi"}`,
	} {
		f.Add([]byte(seed))
	}
	app := NewKeys(Columns{Room: "group_id"})
	f.Fuzz(func(t *testing.T, data []byte) {
		if data = argument(data); data == nil {
			return
		}
		room, ok := app.RoomOf(data)
		if ok && (room == "" || len(room) > MaxRoom) {
			t.Fatalf("%q is taken for a room", room)
		}
		o, isObject := ParseObject(data)
		if !ok || !isObject {
			return
		}
		if !app.NamesRoom(o) {
			t.Fatalf("%q names %q and no room", data, room)
		}
		app.SetRoom(o, room)
		if again, ok := app.RoomOf(o.Encode()); !ok || again != room {
			t.Fatalf("%q names %q, and then %q", data, room, again)
		}
		for key, value := range decoded(t, o) {
			if _, named := app.rooms[Fold(key)]; !named || !foldsAlike(key) || value == nil {
				continue
			}
			if _, content := value.(map[string]any); !content && fmt.Sprint(value) != room {
				t.Fatalf("%q becomes %s with %v at %q, and the room is %q", data, o.Encode(), value, key, room)
			}
		}
	})
}
