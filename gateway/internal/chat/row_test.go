package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestStoredRowIsLaidOverTheClientsFields(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, nil).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	v.say(`42["send_message",{"message":"<b> & é","roomId":"r","id":"mine","userId":"eve","tempId":7}]`)
	got := v.await(`42["receive_message"`)
	want := `42["receive_message",{"message":"<b> & é","roomId":"r","id":"m1","userId":"u1","tempId":7,` +
		`"text":"<b> & é","createdAt":"2026-01-02T03:04:05.006Z","user":{"username":"Name of u1"}}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The clients of most apps read the row as the app's own server sent it.
func TestRowIsToldByTheNamesOfTheAppsColumnsToo(t *testing.T) {
	t.Parallel()
	const ann = `{"id":"u1","userId":"u1","username":"Name of u1","name":"Name of u1"}`
	const usual = `"createdAt":"2026-01-02T03:04:05.006Z","user":{"username":"Name of u1"}}]`
	for _, c := range []struct {
		columns  contract.Columns
		in, want string
	}{
		{contract.Columns{Text: "content", User: "senderId", Room: "chatId"}, `{"chatId":"r","content":"hi"}`,
			`{"chatId":"r","content":"hi","text":"hi","senderId":"u1","sender":` + ann + `,"id":"m1","userId":"u1","roomId":"r",` + usual},
		{contract.Columns{Text: "content", User: "senderId", Room: "conversationId"}, `{"roomId":"r","message":"hi","content":["old"],"conversationId":"eve","sender":"Eve","senderId":"eve"}`,
			`{"roomId":"r","message":"hi","content":"hi","conversationId":"r","sender":"Name of u1","senderId":"u1","text":"hi","id":"m1","userId":"u1",` + usual},
		{contract.Columns{ID: "id", Text: "body", User: "author_id", Room: "room_id", CreatedAt: "created_at"}, `{"roomId":"r","text":"hi"}`,
			`{"roomId":"r","text":"hi","body":"hi","author_id":"u1","authorId":"u1","room_id":"r","author":` + ann + `,"id":"m1","userId":"u1",` +
				strings.TrimSuffix(usual, "}]") + `,"created_at":"2026-01-02T03:04:05.006Z"}]`},
		{contract.Columns{Text: "body", User: "userId", Room: "groupId"}, `{"groupId":"r","body":"hi"}`,
			`{"groupId":"r","body":"hi","text":"hi","id":"m1","userId":"u1","roomId":"r",` + usual},
		{contract.Columns{Text: "content", User: "memberId", Room: "channelId"}, `{"channelId":"r","content":"hi","member":{"id":"boss"},"memberName":"Boss"}`,
			`{"channelId":"r","content":"hi","member":` + ann + `,"memberName":"Name of u1","text":"hi","memberId":"u1","id":"m1","userId":"u1","roomId":"r",` + usual},
		{contract.Columns{Text: "text", User: "user_id", Room: "roomId"}, `{"roomId":"r","text":"hi"}`, `{"roomId":"r","text":"hi","user_id":"u1","id":"m1","userId":"u1",` + usual},
	} {
		v := serve(t, &memory{}, func(o *Options) { o.Columns = c.columns }).visit("u1", time.Hour)
		v.ask("join_room", `"r"`)
		v.say(`42["send_message",` + c.in + `]`)
		if got := v.await(`42["receive_message"`); got != `42["receive_message",`+c.want {
			t.Errorf("%v\ngot  %s\nwant %s", c.columns, got, c.want)
		}
	}
}

func TestRowsNumbersAreToldByTheNamesOfTheAppsColumnsToo(t *testing.T) {
	t.Parallel()
	v := serve(t, &numbers{}, func(o *Options) { o.Columns = contract.Columns{Text: "text", User: "author_id", Room: "chatId"} }).visit("5", time.Hour)
	v.ask("join_room", `"7"`)
	row := v.ask("send_message", `{"text":"hi"}`)["message"].(map[string]any)
	for key, want := range map[string]float64{"userId": 5, "author_id": 5, "authorId": 5, "roomId": 7, "chatId": 7} {
		if row[key] != want {
			t.Errorf("%s is %v, want %v", key, row[key], want)
		}
	}
}

// numbers stores in columns that hold integers, and answers from elsewhere, as databases do.
type numbers struct{ memory }

func (*numbers) Save(d message.Draft, done func(message.Stored, error)) {
	go done(message.Stored{ID: []byte("1"), User: []byte(d.User), Room: []byte(d.Room)}, nil)
}

func TestTextThatIsNotUnicodeIsBroadcastAsItIsStored(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, nil).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	v.say(`42["send_message",{"text":"a\ud800b","roomId":"r"}]`)
	if got := v.await(`42["receive_message"`); !strings.Contains(got, `"text":"a`+"\ufffd"+`b"`) {
		t.Errorf("got %s", got)
	}
	if store.saved[0].Text != "a\ufffdb" {
		t.Errorf("stored %q", store.saved[0].Text)
	}
}

func TestMessageThatTheAppHasStoredKeepsItsIDAndTime(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.Unstored = true }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	for fields, want := range map[string][2]any{
		`"id":"saved-1","createdAt":"2020-01-01"`: {"saved-1", "2020-01-01"},
		`"id":7,"createdAt":1577836800000`:        {7.0, 1577836800000.0},
		`"id":"","createdAt":null`:                {"m1", "2026-01-02T03:04:05.006Z"},
		`"id":{"a":1},"createdAt":["b"]`:          {"m1", "2026-01-02T03:04:05.006Z"},
	} {
		row := v.ask("send_message", `{"text":"hi",`+fields+`}`)["message"].(map[string]any)
		if got := [2]any{row["id"], row["createdAt"]}; got != want {
			t.Errorf("%s became %v, want %v", fields, got, want)
		}
	}
}

// What the table's other columns may hold is told beside what the client says, and has its place in the queues too.
func TestOtherColumnsCountAgainstTheSizeOfAMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		columns []string
		want    any
	}{{nil, nil}, {[]string{"is_read"}, "too_large"}} {
		v := serve(t, &memory{}, func(o *Options) {
			o.MaxEvent, o.Columns = contract.RowSize+message.MaxOthers, contract.Columns{Others: c.columns}
		}).visit("u1", time.Hour)
		v.ask("join_room", `"r"`)
		if got := v.ask("send_message", `{"roomId":"r","text":"hi"}`)["code"]; got != c.want {
			t.Errorf("with the columns %v: %v, want %v", c.columns, got, c.want)
		}
	}
}
