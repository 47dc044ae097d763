package chat

import (
	"strings"
	"testing"
	"time"
)

// Forms that fill in only one of their fields send the others as null.
func TestTextIsTheFirstStringThatMayBeIt(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, nil).visit("u1", time.Hour)
	v.ask("join_room", `"A"`)
	for _, fields := range []string{`"text":null,"content":"hi"`, `"message":{"id":1},"content":"hi"`} {
		if got := v.ask("send_message", `{`+fields+`,"roomId":"A"}`); got["ok"] != true {
			t.Errorf("%s: %v", fields, got)
		}
	}
	for fields, want := range map[string]string{`"text":null`: "a message needs a text, in one of text, message, content", `"message":{"id":1}`: "the message of a message must be a string"} {
		if got := v.ask("send_message", `{`+fields+`,"roomId":"A"}`); got["code"] != "bad_request" || got["error"] != want {
			t.Errorf("%s: %v", fields, got)
		}
	}
	if len(store.saved) != 2 || store.saved[0].Text != "hi" || store.saved[1].Text != "hi" {
		t.Errorf("stored %+v", store.saved)
	}
}

func TestEveryAliasSaysWhatIsStored(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, nil).visit("u1", time.Hour)
	v.ask("join_room", `"A"`)
	v.say(`42["send_message",{"text":"stored","content":"EVIL","message":"EVIL","roomId":"A","room":"B","chatId":"A","conversationId":7,"name":"Eve","senderUsername":"Eve","by":"Eve"}]`)
	got := v.await(`42["receive_message"`)
	for _, never := range []string{"EVIL", `"B"`, ":7", "Eve"} {
		if strings.Contains(got, never) {
			t.Errorf("the room hears %s: %s", never, got)
		}
	}
	if store.saved[0].Text != "stored" || store.saved[0].Room != "A" {
		t.Errorf("stored %+v", store.saved[0])
	}
}

// The room that a client names decides, in whatever spelling: what was meant for B is not said in A.
func TestMessageForAnotherRoomIsNotSaidInThisOne(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, nil).visit("u1", time.Hour)
	v.ask("join_room", `"A"`)
	for _, key := range []string{"roomId", "room_id", "room-id", "RoomID", "conversation_id", "chat_id", "channel_id"} {
		if got := v.ask("send_message", `{"text":"for B","`+key+`":"B"}`); got["code"] != "not_in_room" {
			t.Errorf("%s: %v", key, got)
		}
	}
	if len(store.saved) != 0 {
		t.Errorf("stored %+v", store.saved)
	}
	got := v.ask("send_message", `{"text":"hi","roomId":"A","chat_id":["B"],"Channel-Id":true,"room":null}`)
	if row := got["message"].(map[string]any); row["chat_id"] != "A" || row["Channel-Id"] != "A" || row["room"] != nil {
		t.Errorf("the room hears %v", row)
	}
}
