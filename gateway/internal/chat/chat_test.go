package chat

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestStoreRefusalsBecomeCodes(t *testing.T) {
	t.Parallel()
	for code, err := range map[string]error{
		"bad_request": fmt.Errorf("23503: %w", message.ErrRejected),
		"unavailable": fmt.Errorf("dial: %w", message.ErrUnavailable),
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := serve(t, &memory{fail: err}, nil)
			v := h.visit("u1", time.Hour)
			v.ask("join_room", `"r"`)
			got := v.ask("send_message", `{"text":"hi","roomId":"r"}`)
			if got["ok"] != false || got["success"] != false || got["status"] != "error" || got["code"] != code {
				t.Errorf("ack %v, want code %s", got, code)
			}
			if n := h.tally.of("send_message " + code); n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
}

func TestRoomAccessIsAskedBeforeJoining(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{guests: map[string]bool{"ann": true}}, nil)
	ann, eve := h.visit("ann", time.Hour), h.visit("eve", time.Hour)
	if got := ann.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("ann: %v", got)
	}
	if got := eve.ask("join_room", `"r"`); got["code"] != "forbidden" {
		t.Errorf("eve: %v", got)
	}
	if got := eve.ask("send_message", `{"text":"hi","roomId":"r"}`); got["code"] != "not_in_room" {
		t.Errorf("eve's message: %v", got)
	}
}

func TestRoomAccessThatCannotBeCheckedIsNotGranted(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{barred: errors.New("down")}, nil).visit("u1", time.Hour)
	if got := v.ask("join_room", `"r"`); got["code"] != "unavailable" {
		t.Errorf("got %v", got)
	}
}

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
		columns  Columns
		in, want string
	}{
		{Columns{Text: "content", User: "senderId", Room: "chatId"}, `{"chatId":"r","content":"hi"}`,
			`{"chatId":"r","content":"hi","text":"hi","senderId":"u1","sender":` + ann + `,"id":"m1","userId":"u1","roomId":"r",` + usual},
		{Columns{Text: "content", User: "senderId", Room: "conversationId"}, `{"roomId":"r","message":"hi","content":["old"],"conversationId":"eve","sender":"Eve","senderId":"eve"}`,
			`{"roomId":"r","message":"hi","content":"hi","conversationId":"r","sender":"Name of u1","senderId":"u1","text":"hi","id":"m1","userId":"u1",` + usual},
		{Columns{"id", "body", "author_id", "room_id", "created_at"}, `{"roomId":"r","text":"hi"}`,
			`{"roomId":"r","text":"hi","body":"hi","author_id":"u1","authorId":"u1","room_id":"r","author":` + ann + `,"id":"m1","userId":"u1",` +
				strings.TrimSuffix(usual, "}]") + `,"created_at":"2026-01-02T03:04:05.006Z"}]`},
		{Columns{Text: "body", User: "userId", Room: "groupId"}, `{"groupId":"r","body":"hi"}`,
			`{"groupId":"r","body":"hi","text":"hi","id":"m1","userId":"u1","roomId":"r",` + usual},
		{Columns{Text: "content", User: "memberId", Room: "channelId"}, `{"channelId":"r","content":"hi","member":{"id":"boss"},"memberName":"Boss"}`,
			`{"channelId":"r","content":"hi","member":` + ann + `,"memberName":"Name of u1","text":"hi","memberId":"u1","id":"m1","userId":"u1","roomId":"r",` + usual},
		{Columns{Text: "text", User: "user_id", Room: "roomId"}, `{"roomId":"r","text":"hi"}`, `{"roomId":"r","text":"hi","user_id":"u1","id":"m1","userId":"u1",` + usual},
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
	v := serve(t, &numbers{}, func(o *Options) { o.Columns = Columns{Text: "text", User: "author_id", Room: "chatId"} }).visit("5", time.Hour)
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

// A text that is told under several names counts as often.
func TestCopiesOfATextCountAgainstTheQueues(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, func(o *Options) { o.MaxEvent, o.Columns = 5000, Columns{Text: "content"} }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	for size, want := range map[int]any{1000: nil, 2000: "too_large"} {
		if got := v.ask("send_message", `{"text":"`+strings.Repeat("x", size)+`"}`); got["code"] != want {
			t.Errorf("%d bytes: %v, want %v", size, got["code"], want)
		}
	}
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

func TestFailureWithoutAckIsAnErrorEvent(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, nil).visit("u1", time.Hour)
	v.say(`42["sendMessage",{"text":"hi","roomId":"r"}]`)
	got := v.await(`42["error"`)
	want := `42["error",{"code":"not_in_room","message":"join the room before you send to it","event":"sendMessage"}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUnknownEventsAreAnsweredOnlyIfAsked(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", time.Hour)
	for _, event := range []string{"typing", "toString", "__proto__", "constructor", ""} {
		v.say(`42["` + event + `",1]`)
		if got := v.ask(event, "1"); got["code"] != "bad_request" {
			t.Errorf("%q: %v", event, got)
		}
	}
	if n := h.tally.of("other ignored"); n != 10 {
		t.Errorf("counted %d, want 10", n)
	}
}

func TestLogNamesEventsThatNobodyHandlesOnceEach(t *testing.T) {
	t.Parallel()
	var log journal
	h := serve(t, &memory{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	h.visit("u1", time.Hour).askEach("chat:join", "chat:join", "chat message", "see you later, at five", "eyJhbGciOi.eyJpZCI6MX0.abc", "")
	for range 2 * mostStrangers / strangersEach {
		var names []string
		for range 2 * strangersEach {
			names = append(names, "made-up-"+rand.Text()[:8])
		}
		h.visit("u2", time.Hour).askEach(names...)
		if n := strings.Count(log.String(), "made-up"); n == strangersEach {
			h.visit("u3", time.Hour).askEach("after:all")
		}
	}
	said := log.String()
	for _, name := range []string{"event=chat:join", `event="chat message"`, "event=after:all"} {
		if n := strings.Count(said, name); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	if n := strings.Count(said, "nothing handles"); n != mostStrangers {
		t.Errorf("%d lines, want %d", n, mostStrangers)
	}
	if strings.Contains(said, "see you") || strings.Contains(said, "eyJ") {
		t.Error("what is no event's name is in the log")
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

func TestPanicWhileAnsweringEndsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	h := serve(t, &numbers{}, func(o *Options) { o.Observer = touchy{o.Observer} })
	ann, bob := h.visit("5", time.Hour), h.visit("6", time.Hour)
	ann.ask("join_room", `"7"`)
	bob.ask("join_room", `"7"`)
	ann.say(`42["send_message",{"text":"hi"}]`)
	if reason := <-h.tally.closed; reason != socketio.HandlerPanic {
		t.Errorf("closed by %q", reason)
	}
	bob.await(`42["receive_message"`)
	bob.ask("leave_room", `"7"`)
}

// touchy panics when a message was sent.
type touchy struct{ Observer }

func (o touchy) Event(name, outcome string) {
	if name == "send_message" {
		panic("counted")
	}
	o.Observer.Event(name, outcome)
}

func TestEventsOverTheRateAreRefused(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.RateLimit = 5 }).visit("u1", time.Hour)
	refused := 0
	for range 30 {
		if v.ask("join_room", `"r"`)["code"] == "rate_limited" {
			refused++
		}
	}
	if refused < 10 || refused > 20 { // a burst of 10, and a few more as time goes by
		t.Errorf("%d of 30 were refused", refused)
	}
}

func TestFloodIsClosed(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit = 1 })
	v := h.visit("u1", time.Hour)
	for range 100 {
		v.say(`42["join_room","r"]`)
	}
	if got := <-h.tally.closed; got != Flooding {
		t.Errorf("closed for %q, want %q", got, Flooding)
	}
}

func TestExpiredTokenEndsTheConnectionWithoutDisconnect(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.visit("u1", time.Second)
	for {
		packet, err := v.next()
		if err != nil {
			break
		}
		if strings.HasPrefix(packet, "41") {
			t.Fatal("got a DISCONNECT: the client would not come back")
		}
	}
	if got := <-h.tally.closed; got != TokenExpired {
		t.Errorf("closed for %q, want %q", got, TokenExpired)
	}
}

func TestBadTokenGetsAuthenticationErrorAndTheEnd(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	v := h.dial(`{"token":"a.b.c"}`)
	if got := v.await("44"); got != `44{"message":"Authentication error"}` {
		t.Errorf("got %s", got)
	}
	if packet, err := v.next(); err == nil {
		t.Errorf("the connection goes on with %q", packet)
	}
}

func TestMessageThatWouldFillTheQueuesIsRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, func(o *Options) { o.MaxText, o.MaxEvent = 100, 4096 }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	long, blob := strings.Repeat("x", 101), strings.Repeat("x", 4096)
	for _, message := range []string{`{"text":"` + long + `"}`, `{"text":"hi","extra":"` + blob + `"}`} {
		if got := v.ask("send_message", message); got["code"] != "too_large" {
			t.Errorf("%.40s…: %v", message, got)
		}
	}
	if len(store.saved) != 0 {
		t.Errorf("stored %d", len(store.saved))
	}
}

func TestThousandsOfRoomsFromOneClientAreNotJoined(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.Multi = true }).visit("u1", time.Hour)
	for i := range maxRooms {
		v.say(fmt.Sprintf(`42["join_room",%d]`, i))
	}
	if got := v.ask("join_room", `"one more"`); got["code"] != "forbidden" {
		t.Errorf("got %v", got)
	}
	if got := v.ask("join_room", `7`); got["ok"] != true {
		t.Errorf("joining again: %v", got)
	}
	v.ask("leave_room", `7`)
	if got := v.ask("join_room", `"one more"`); got["ok"] != true {
		t.Errorf("after leaving one: %v", got)
	}
}

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

func TestOwnPrivateRoomIsNoRoomToJoin(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, nil)
	tok, err := token.Mint([]byte(secret), "u1", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v := h.dial(`{"token":"` + tok + `"}`)
	v.await("0{")
	id := strings.Split(v.await(`40{"sid":"`), `"`)[3]
	v.ask("join_room", `"r"`)
	if got := v.ask("join_room", `"`+id+`"`); got["code"] != "forbidden" {
		t.Errorf("got %v", got)
	}
	if got := v.ask("send_message", `{"text":"still here","roomId":"r"}`); got["ok"] != true {
		t.Errorf("it left its room: %v", got)
	}
}

func TestSenderCannotFillTheQueuesOfARoom(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.MaxEvent = 1000, 8192 }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	sent := 0
	for range 20 {
		if v.ask("send_message", `{"text":"`+strings.Repeat("x", 4000)+`"}`)["ok"] == true {
			sent++
		}
	}
	if sent == 0 || sent > 10 { // two at once, and 4 KiB a second as time goes by
		t.Errorf("%d messages of 4,000 bytes went out where 8,192 bytes may at once", sent)
	}
}

func TestRoomsMayHaveTheNamesOfPrototypes(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, nil).visit("u1", time.Hour)
	for _, room := range []string{"__proto__", "constructor", "toString", "hasOwnProperty", `\u0000`, "socket.io#/#"} {
		if got := v.ask("join_room", `"`+room+`"`); got["ok"] != true || len(got["members"].([]any)) != 1 {
			t.Errorf("join %s: %v", room, got)
		}
		if got := v.ask("send_message", `{"text":"hi","roomId":"`+room+`"}`); got["ok"] != true {
			t.Errorf("send to %s: %v", room, got)
		}
	}
}
