package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

func parsed(t *testing.T, payload string) Object {
	t.Helper()
	o, ok := ParseObject(json.RawMessage(payload))
	if !ok {
		t.Fatalf("%s is no object", payload)
	}
	return o
}

func TestWhatCouldNameAnotherPlaceIsFound(t *testing.T) {
	t.Parallel()
	k := NewKeys(Columns{})
	for _, field := range []string{
		`"to":"bob"`, `"to":5`, `"to":["bob"]`, `"to":{"id":"bob"}`, `"toUserId":"bob"`, `"to_user":"bob"`, `"toUsername":"bob"`, `"sendTo":"bob"`,
		`"recipient":"bob"`, `"recipients":["bob"]`, `"recipientId":"bob"`, `"receiver":"bob"`, `"receiverId":"bob"`, `"receiver_name":"bob"`,
		`"target":"bob"`, `"targetUserId":"bob"`, `"targetSocketId":"x"`, `"peer":"bob"`, `"peerId":"bob"`, `"dm":"bob"`, `"with":"bob"`,
		`"otherUserId":"bob"`, `"friendId":"bob"`, `"selectedUser":{"_id":"bob"}`, `"participants":["a","b"]`, `"userIds":["a"]`,
		`"channel":"c"`, `"channelName":"c"`, `"channel_slug":"c"`, `"group":"g"`, `"groupId":"g"`, `"GROUP-ID":"g"`, `"groupChatId":"g"`,
		`"thread":"t"`, `"threadId":"t"`, `"conversation":"c"`, `"conversationUuid":"c"`, `"chat":"c"`, `"activeChat":"c"`, `"selectedChatId":"c"`,
		`"roomName":"r"`, `"room_name":"r"`, `"roomCode":"r"`, `"roomKey":"r"`, `"roomUid":"r"`, `"targetRoomId":"r"`, `"currentRoom":"r"`, `"rooms":["r"]`,
		`"roomIds":["r"]`, `"chatroom":"r"`, `"chatRoomId":"r"`, `"server":"s"`, `"serverId":"s"`, `"space":"s"`, `"topic":"t"`, `"workspaceId":"w"`,
		`"gameId":7`, `"matchId":7`, `"lobbyCode":"x"`, `"projectId":7`, `"teamId":7`, `"sessionId":"s"`, `"destination":"d"`, `"dialogId":"d"`,
		`"data":{"roomId":"r"}`, `"payload":{"to":"bob"}`, `"meta":{"room":{"id":"r"}}`, `"data":{"message":{"chatId":"r"}}`, `"group":{"name":"g"}`,
		`"recieverId":"bob"`, `"reciever":"bob"`, `"recepient_id":"bob"`, `"recipentName":"bob"`, `"receiverUserId":"bob"`, `"friendUsername":"bob"`, `"matchedUserId":"bob"`,
		`"opponentId":"bob"`, `"callee":"bob"`, `"pmTo":"bob"`, `"whisperTo":"bob"`, `"privateTo":"bob"`, `"forwardTo":"r2"`, `"forUserId":"bob"`, `"notifyUsers":["bob"]`,
		`"doctorId":"bob"`, `"seller_id":"bob"`, `"customerId":7`, `"orderId":7`, `"booking_id":7`, `"rideUuid":"r"`, `"documentId":"d"`, `"eventId":7`, `"postId":7`, `"locationId":7`,
		`"rid":"r"`, `"cid":"c"`, `"roomRef":"r"`, `"room_hash":"r"`, `"roomIdentifier":"r"`, `"roomToken":"r"`, `"chatRef":"c"`, `"canal":"c"`, `"classroom":"c"`, `"zoneId":7`,
		`"t\u006f":"bob"`,
	} {
		if key := k.Elsewhere(parsed(t, `{"text":"hi",`+field+`}`)); key == "" {
			t.Errorf("%s is taken for content", field)
		}
	}
}

func TestContentNamesNoPlace(t *testing.T) {
	t.Parallel()
	k := NewKeys(Columns{})
	for _, field := range []string{
		`"to":null`, `"to":""`, `"to":"  "`, `"to":[]`, `"to":[null]`, `"to":{}`, `"group":false`, `"dm":true`, `"isGroup":true`, `"roomType":"dm"`,
		`"replyTo":"m1"`, `"replyToId":"m1"`, `"reply_to":{"id":"m1","roomId":"r"}`, `"inReplyTo":"m1"`, `"parentId":"m1"`, `"parentMessageId":"m1"`,
		`"threadTs":"1.2"`, `"quoted":{"chatId":"r","text":"x"}`, `"quotedMessage":{"to":"bob"}`, `"forwardedFrom":"x"`, `"forwardedFromChatId":"x"`,
		`"mentions":["bob"]`, `"mentionedUserIds":["bob"]`, `"sharedPostId":7`, `"originalMessageId":7`, `"linkedRoom":7`,
		`"tempId":"t"`, `"clientMessageId":"c"`, `"nonce":"n"`, `"id":"x"`, `"_id":"x"`, `"messageId":"x"`, `"socketId":"s"`, `"socketID":"s"`,
		`"userId":"u"`, `"username":"u"`, `"sender":"u"`, `"senderId":"u"`, `"from":"u"`, `"author":{"id":"u"}`, `"user":{"id":"u","roomId":"r"}`,
		`"type":"text"`, `"imageUrl":"/i.png"`, `"file":{"name":"f","to":"x"}`, `"fileName":"f"`, `"attachments":[{"id":1,"group":"g"}]`, `"fileIds":[1]`,
		`"productId":7`, `"stickerId":7`, `"time":"now"`, `"timestamp":5`, `"createdAt":"x"`, `"status":"sent"`, `"avatar":"a"`, `"color":"red"`,
		`"lang":"en"`, `"className":"bubble"`, `"token":"t"`, `"tone":"warm"`, `"tool":"t"`, `"total":3`, `"sessionKey":"k"`, `"encryptedKey":"k"`,
		`"forwarded":true`, `"forwardedFromOrderId":7`, `"replyToPostId":7`, `"location":{"lat":1,"lng":2}`, `"event":"message"`, `"page":2`, `"post":"p"`, `"video":"/v.mp4"`, `"videoUrl":"/v.mp4"`,
		`"order":1`, `"customer":"c"`, `"driver":"d"`, `"documentUrl":"/d.pdf"`, `"documentName":"d"`, `"nodeName":"div"`, `"objectName":"o"`, `"connectionState":"open"`, `"class":"bubble"`,
		`"store":true`, `"caseSensitive":true`, `"offer":{"price":5}`, `"guest":true`, `"href":"/x"`, `"idx":3`, `"cidade":"x"`, `"paid":true`, `"grid":[1]`, `"void":1`,
		`"meta":{"mood":"good"}`, `"data":{"roomId":null}`, `"groupAvatar":"a"`,
	} {
		if key := k.Elsewhere(parsed(t, `{"text":"hi",`+field+`}`)); key != "" {
			t.Errorf("%s is taken for a place: %s", field, key)
		}
	}
}

func TestTooManyKeysToLookAtAreRefused(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(`"x":1,"y":1,`, 200)
	inner := `{` + many + `"to":"bob"}`
	if key := NewKeys(Columns{}).Elsewhere(parsed(t, `{"data":`+inner+`}`)); key != "data" {
		t.Errorf("got %q", key)
	}
}

func TestARoomIsReadInsideAnObject(t *testing.T) {
	t.Parallel()
	app := NewKeys(Columns{Room: "groupId"})
	for payload, want := range map[string]string{
		`{"room":{"id":"a"}}`: "a", `{"room":{"_id":"a"}}`: "a", `{"conversation":{"id":7}}`: "7", `{"chat":{"_id":"a","name":"x"}}`: "a",
		`{"channel":{"id":"a"}}`: "a", `{"group":{"id":"a"}}`: "a", `{"room":{"id":"nested"},"roomId":"flat"}`: "flat",
		`{"chat":{"id":"nested"},"channelId":"flat"}`: "flat",
	} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); !ok || got != want {
			t.Errorf("RoomOf(%s) = %q, %v; want %q", payload, got, ok, want)
		}
	}
	for _, payload := range []string{`{"room":{"name":"a"}}`, `{"room":{}}`, `{"room":{"id":{}}}`, `{"server":{"id":"a"}}`, `{"room":{"id":"\u0000user\u0000bob"}}`} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); ok {
			t.Errorf("RoomOf(%s) = %q, want a refusal", payload, got)
		}
	}
}

func TestNoClientNamesAPersonalRoom(t *testing.T) {
	t.Parallel()
	app := NewKeys(Columns{Receiver: "receiverId"})
	name, err := json.Marshal(PersonalRoom("bob"))
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{string(name), `{"roomId":` + string(name) + `}`, `{"chat":{"id":` + string(name) + `}}`} {
		if got, ok := app.RoomOf(json.RawMessage(payload)); ok {
			t.Errorf("RoomOf(%s) = %q", payload, got)
		}
	}
}

func TestReceiverIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	app := NewKeys(Columns{Receiver: "peer_id"})
	for payload, want := range map[string]string{
		`{"receiverId":"bob"}`: "bob", `{"receiver_id":7}`: "7", `{"to":"bob"}`: "bob", `{"toUserId":"bob"}`: "bob", `{"recipient":{"_id":"bob"}}`: "bob",
		`{"peerId":"bob"}`: "bob", `{"peer_id":"bob"}`: "bob", `{"to":"second","receiverId":"first"}`: "first", `{"receiverId":null,"to":"bob"}`: "bob",
	} {
		o := parsed(t, payload)
		got, ok := app.Receiver(o)
		if !ok || got != want || !app.NamesReceiver(o) {
			t.Errorf("%s: %q, %v; want %q", payload, got, ok, want)
		}
		app.SetReceiver(&o, want)
		if again, _ := app.Receiver(o); again != want || o.Get("receiverId") == nil {
			t.Errorf("%s becomes %s", payload, o.Encode())
		}
	}
	for _, payload := range []string{`{"to":["a","b"]}`, `{"to":{"name":"bob"}}`} {
		o := parsed(t, payload)
		if got, ok := app.Receiver(o); ok || !app.NamesReceiver(o) {
			t.Errorf("%s: %q, want a refusal", payload, got)
		}
	}
	if none := NewKeys(Columns{}); none.NamesReceiver(parsed(t, `{"receiverId":"bob"}`)) {
		t.Error("without a column nobody is written to")
	}
}

func TestClientIDIsTheMessagesOwn(t *testing.T) {
	t.Parallel()
	ann := NewPerson("ann", json.RawMessage(`"ann"`), "Ann")
	for payload, want := range map[string]string{
		`{"tempId":"t1"}`: "t1", `{"temp_id":7}`: "7", `{"clientMessageId":"c"}`: "c", `{"nonce":"n"}`: "n", `{"localId":"l"}`: "l",
		`{"optimisticId":"o"}`: "o", `{"idempotencyKey":"i"}`: "i", `{"idempotency-key":"i"}`: "i", `{"clientId":"c"}`: "c", `{"clientOffset":"s-1"}`: "s-1",
		`{"clientId":"device","tempId":"t1"}`: "t1", `{"requestId":"r"}`: "r", `{"uuid":"u"}`: "u",
		`{"tempId":null}`: "", `{"tempId":""}`: "", `{"tempId":{"a":1}}`: "", `{"tempId":true}`: "", `{"clientId":"ann"}`: "", `{"id":"x"}`: "", `{"text":"hi"}`: "",
		`{"tempId":"` + strings.Repeat("x", maxClientID+1) + `"}`: "",
	} {
		if got := parsed(t, payload).ClientID(ann).Value; got != want {
			t.Errorf("%.60s: %q, want %q", payload, got, want)
		}
	}
}
