package contract

import (
	"encoding/json"
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
		`{"id":"a"}`, `"` + strings.Repeat("x", MaxRoom+1) + `"`,
	} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); ok {
			t.Errorf("RoomOf(%.40s) = %.40q, want a refusal", payload, got)
		}
	}
}
