package contract

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// FuzzRow looks for a client's field that stands in the place of the stored row, under whatever names the
// app's columns have.
func FuzzRow(f *testing.F) {
	for _, seed := range []struct{ data, user, room string }{
		{`{"text":"hi","roomId":"r"}`, "senderId", "chatId"}, {`{"text":"hi","id":{"a":1},"user":"Eve","sender":{}}`, "sender_id", "room_id"},
		{`{"text":"hi","createdAt":1,"userId":"eve","profile":"Eve"}`, "profileId", "userId"}, {`{}`, "", "group"}, {`{"a":1}`, "__proto__", "text"},
	} {
		f.Add([]byte(seed.data), seed.user, seed.room)
	}
	ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	// As in tables with integer keys, where a token has text and the row has numbers.
	row := message.Stored{ID: json.RawMessage("7"), User: json.RawMessage("1"), Room: json.RawMessage("2"), CreatedAt: time.UnixMilli(1767323045006)}
	usualKeys := map[string]any{"id": json.Number("7"), "userId": json.Number("1"), "roomId": json.Number("2"), "createdAt": "2026-01-02T03:04:05.006Z", "user": map[string]any{"username": "Ann"}}
	f.Fuzz(func(t *testing.T, data []byte, user, room string) {
		o, ok := ParseObject(argument(data))
		if !ok || !utf8.ValidString(user) || !utf8.ValidString(room) {
			return
		}
		app := NewKeys(Columns{User: user, Room: room})
		app.ReserveRow(&o, ann, "r", "")
		reserved := o.Size() + RowSize
		app.PutRow(&o, row, ann)
		if o.Size() > reserved {
			t.Fatalf("%d bytes are told where %d were reserved", o.Size(), reserved)
		}
		told := decoded(t, o)
		for key, want := range usualKeys {
			if !reflect.DeepEqual(told[key], want) {
				t.Fatalf("%q is told as %s: %v at %s", data, o.Encode(), told[key], key)
			}
		}
		if user != room && camel(Words(user)) != camel(Words(room)) {
			for column, want := range map[string]any{user: json.Number("1"), room: json.Number("2")} {
				if !usual(column) && told[column] != want {
					t.Fatalf("%q is told as %s: %v at %q", data, o.Encode(), told[column], column)
				}
			}
		}
	})
}
