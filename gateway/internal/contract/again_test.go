package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Whatever the row says, a client reads in the same keys when it is told again as when it was told at once.
func TestAMessageIsToldAgainUnderTheKeysThatItWasToldUnder(t *testing.T) {
	t.Parallel()
	row := message.Stored{Position: 7, ID: []byte(`"m1"`), User: []byte(`"u1"`), Room: []byte(`"r"`), CreatedAt: time.UnixMilli(1e12),
		Others: []message.Field{{Column: "is_read", Value: []byte("false")}}}
	by := NewPerson("u1", []byte(`"u1"`), "Ann")
	for _, columns := range []Columns{
		{ID: "id", Text: "text", User: "userId", Room: "roomId", CreatedAt: "createdAt", Others: []string{"is_read"}},
		{ID: "id", Text: "content", User: "senderId", Room: "chat_id", CreatedAt: "sent_at", Others: []string{"is_read"}},
		{ID: "id", Text: "body", User: "author", Room: "channelId", Others: []string{"is_read"}},
	} {
		k := NewKeys(columns)
		for _, key := range []string{"text", "message", "content"} {
			said, _ := ParseObject(json.RawMessage(`{"roomId":"r","` + key + `":"hi <b>","reply":{"to":1}}`))
			if _, refusal := k.Text(&said, 0); refusal != nil {
				t.Fatal(refusal)
			}
			k.SetRoom(said, "r")
			k.Identify(said, by)
			k.ReserveRow(&said, by, "r", "")
			k.PutRow(&said, row, by)
			again := k.Again(message.Kept{Stored: row, InRoom: "r", ByUser: "u1", Text: "hi <b>"}, by)
			for _, f := range said {
				if f.Key != "reply" && string(again.Get(f.Key)) != string(f.Value) {
					t.Errorf("%+v: %s was %s and is %s", columns, f.Key, f.Value, again.Get(f.Key))
				}
			}
		}
	}
}

func TestAColumnThatIsCalledLikeATextIsToldAgainAsItIs(t *testing.T) {
	t.Parallel()
	k := NewKeys(Columns{ID: "id", Text: "text", User: "userId", Room: "roomId", Others: []string{"content"}})
	row := message.Stored{ID: []byte(`1`), User: []byte(`2`), Room: []byte(`3`), Others: []message.Field{{Column: "content", Value: []byte(`"kind"`)}}}
	again := k.Again(message.Kept{Stored: row, InRoom: "3", ByUser: "2", Text: "hi"}, NewPerson("2", []byte(`2`), "Ann"))
	if got := string(again.Get("content")); got != `"kind"` {
		t.Errorf("content is %s", got)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(again.Encode(), &keys); err != nil || !slices.Contains(slices.Collect(maps.Keys(keys)), "text") {
		t.Errorf("%v: %s", err, again.Encode())
	}
}

func TestAPersonalRoomTellsWhoseItIs(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"ann", "", "\x00user\x00bob"} {
		if got, personal := UserOf(PersonalRoom(user)); got != user || !personal {
			t.Errorf("%q: got %q, %v", user, got, personal)
		}
	}
	if _, personal := UserOf("ann"); personal {
		t.Error("a room of people is personal")
	}
}
