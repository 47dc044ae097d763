package chat

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func pictures(o *Options) {
	o.Columns = contract.Columns{Text: "content", Others: []string{"image"}, Filled: []contract.Filled{{Key: "image", Column: "image", Content: true}}}
}

func TestTwoPicturesWithoutATextUnderOneIDAreTwoMessagesAndTheSameAgainIsOne(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, pictures).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	for _, image := range []string{"a.png", "b.png", "a.png"} {
		if got := v.ask("send_message", `{"roomId":"r","image":"`+image+`","tempId":"`+image[:1]+`"}`); got["ok"] != true {
			t.Fatal(got)
		}
	}
	v.ask("send_message", `{"roomId":"r","image":"c.png","tempId":"a"}`) // another under the id of the first
	var images []string
	store.set(func() {
		for _, d := range store.saved {
			images = append(images, string(d.Fields[0]))
		}
	})
	if want := []string{`"a.png"`, `"b.png"`, `"c.png"`}; !slices.Equal(images, want) {
		t.Errorf("stored %q, want %q", images, want)
	}
}

func TestTheFingerprintOfAPictureIsNotThatOfAnother(t *testing.T) {
	t.Parallel()
	c := &Chat{options: Options{Log: &Log{}}}
	m := said{member: &member{Person: contract.NewPerson("ann", nil, "ann")}, to: place{room: "r"}, id: contract.ClientID{Key: "tempid", Value: "t1"}}
	of := func(image string) uint64 {
		m := m
		m.fills = []json.RawMessage{json.RawMessage(image)}
		return c.fingerprint(m)
	}
	if of(`"a.png"`) == of(`"b.png"`) || of(`"a.png"`) == c.fingerprint(m) {
		t.Error("fields are not part of it")
	}
	if joined([]json.RawMessage{nil, json.RawMessage(`"a"`)}) == joined([]json.RawMessage{json.RawMessage(`"a"`), nil}) {
		t.Error("the same value in another field is the same message")
	}
}

func TestASenderIsToldWhichFieldDoesNotSuitItsColumn(t *testing.T) {
	t.Parallel()
	store := &memory{fail: &message.Misfit{Key: "image", Takes: "a text"}}
	v := serve(t, store, pictures).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	got := v.ask("send_message", `{"roomId":"r","image":{"a":1}}`)
	if got["code"] != "bad_request" || !strings.Contains(got["error"].(string), `"image" takes a text`) {
		t.Errorf("got %v", got)
	}
}
