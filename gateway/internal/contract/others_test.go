package contract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// row7 is a stored row that holds these columns besides.
func row7(others ...message.Field) message.Stored {
	return message.Stored{ID: json.RawMessage("7"), User: json.RawMessage(`"u1"`), Room: json.RawMessage(`"r"`), CreatedAt: time.UnixMilli(1767323045006), Others: others}
}

func TestOtherColumnsAreToldInThePlaceOfWhatTheClientSays(t *testing.T) {
	t.Parallel()
	const usual = `"id":7,"userId":"u1","roomId":"r","createdAt":"2026-01-02T03:04:05.006Z","user":{"username":"Ann"}`
	for name, c := range map[string]struct {
		columns  []string
		in, want string
	}{
		"under its own name":            {[]string{"status"}, `{"text":"hi"}`, `{"text":"hi",` + usual + `,"status":"of status"}`},
		"and under that of the model":   {[]string{"is_read"}, `{"text":"hi"}`, `{"text":"hi",` + usual + `,"is_read":"of is_read","isRead":"of is_read"}`},
		"stored wins":                   {[]string{"is_read"}, `{"text":"hi","isRead":true}`, `{"text":"hi","isRead":"of is_read",` + usual + `,"is_read":"of is_read"}`},
		"each column has its own name":  {[]string{"is_read", "isRead"}, `{"text":"hi"}`, `{"text":"hi",` + usual + `,"is_read":"of is_read","isRead":"of isRead"}`},
		"a usual key keeps its meaning": {[]string{"user", "user_id", "room_id", "created_at"}, `{"text":"hi"}`, `{"text":"hi",` + usual + `,"user_id":"of user_id","room_id":"of room_id","created_at":"of created_at"}`},
		"the verified name stays":       {[]string{"sender_name"}, `{"text":"hi","senderName":"Eve"}`, `{"text":"hi","senderName":"Ann",` + usual + `,"sender_name":"of sender_name"}`},
		"so does the joined room":       {[]string{"channelId"}, `{"text":"hi","channelId":"r"}`, `{"text":"hi","channelId":"r",` + usual + `}`},
		"and the text that was said":    {[]string{"message"}, `{"message":"hi"}`, `{"message":"hi","text":"hi",` + usual + `}`},
		"no prototype is changed":       {[]string{"__proto__"}, `{"text":"hi"}`, `{"text":"hi",` + usual + `,"proto":"of __proto__"}`},
		"a column that is not known":    {nil, `{"text":"hi","isRead":true}`, `{"text":"hi","isRead":true,` + usual + `}`},
	} {
		keys := NewKeys(Columns{Others: c.columns})
		o, _ := ParseObject(json.RawMessage(c.in))
		if _, refusal := keys.Text(&o, 0); refusal != nil {
			t.Fatal(refusal)
		}
		ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
		keys.Identify(o, ann)
		row := row7(message.Field{Column: "stranger", Value: json.RawMessage("1")})
		for _, column := range c.columns {
			row.Others = append(row.Others, message.Field{Column: column, Value: rawjson.Quote("of " + column)})
		}
		keys.PutRow(&o, row, ann)
		if got := string(o.Encode()); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// What is told of the other columns is reserved before a message is stored, as much as they may ever hold.
func TestSizeOfTheOtherColumnsIsReserved(t *testing.T) {
	t.Parallel()
	columns := []string{"is_read", "reply_to_id", strings.Repeat("long_", 100)}
	keys, ann := NewKeys(Columns{Others: columns}), NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	o := Object{{"text", json.RawMessage(`"hi"`)}}
	reserved := o.Size() + keys.RowSize()
	large := message.MaxOthers / len(columns)
	var others []message.Field
	for _, column := range columns {
		others = append(others, message.Field{Column: column, Value: rawjson.Quote(strings.Repeat("x", large-2))})
	}
	keys.PutRow(&o, row7(others...), ann)
	if o.Size() > reserved {
		t.Errorf("%d bytes are told where %d were reserved", o.Size(), reserved)
	}
	if plain := NewKeys(Columns{}); plain.RowSize() != RowSize {
		t.Errorf("a table without other columns reserves %d bytes", plain.RowSize())
	}
}
