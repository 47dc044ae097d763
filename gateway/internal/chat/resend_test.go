package chat

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestAResendIsStoredAndHeardOnceAndAckedAlike(t *testing.T) {
	t.Parallel()
	store := &memory{slow: true}
	h := serve(t, store, nil)
	ann, bob := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	ann.ask("join_room", `"r"`)
	bob.ask("join_room", `"r"`)
	const payload = `{"roomId":"r","text":"hi","tempId":"t1"}`
	for id := range 3 {
		ann.say(fmt.Sprintf(`42%d["send_message",%s]`, id, payload))
	}
	ann.ask("leave_room", `"elsewhere"`) // the three have arrived
	store.commit(nil)
	ann.say(`423["send_message",` + payload + `]`)
	var acks []string
	for range 4 {
		acks = append(acks, ann.await("43")[3:])
	}
	slices.Sort(acks)
	if acks = slices.Compact(acks); len(acks) != 1 || !strings.Contains(acks[0], `"tempId":"t1"`) || !strings.Contains(acks[0], `"ok":true`) {
		t.Errorf("acks %q, want four times one", acks)
	}
	ann.say(`42["send_message",{"roomId":"r","text":"end"}]`)
	if n := bob.count(`"tempId":"t1"`, `42["receive_message",{"roomId":"r","text":"end"`); n != 1 {
		t.Errorf("bob hears it %d times", n)
	}
	if got := store.texts(); !slices.Equal(got, []string{"hi", "end"}) {
		t.Errorf("stored %q", got)
	}
}

func TestWhatWasNotStoredIsTriedAgain(t *testing.T) {
	t.Parallel()
	store := &memory{slow: true}
	v := serve(t, store, nil).visit("ann", time.Hour)
	v.ask("join_room", `"r"`)
	for _, id := range []string{"7", "8"} {
		v.say(`42` + id + `["send_message",{"roomId":"r","text":"hi","nonce":1}]`)
	}
	v.ask("leave_room", `"elsewhere"`)
	store.commit(message.ErrUnavailable)
	for range 2 {
		if answer := v.await("43"); !strings.Contains(answer, `"unavailable"`) {
			t.Errorf("got %s", answer)
		}
	}
	if got := v.ask("send_message", `{"roomId":"r","text":"hi","nonce":1}`); got["ok"] != true {
		t.Errorf("got %v", got)
	}
}

func TestWhatOnlyLooksAlikeIsNoResend(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, func(o *Options) { o.Multi = true })
	ann, phone, bob := h.visit("ann", time.Hour), h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	for _, v := range []*visitor{ann, phone, bob} {
		v.ask("join_room", `"r"`)
		v.ask("join_room", `"s"`)
	}
	for _, c := range []struct {
		by      *visitor
		payload string
	}{
		{ann, `{"roomId":"r","text":"ok"}`}, {ann, `{"roomId":"r","text":"ok"}`}, {phone, `{"roomId":"r","text":"ok"}`}, // without ids
		{ann, `{"roomId":"r","text":"ok","tempId":"1"}`}, {ann, `{"roomId":"r","text":"ok","tempId":"2"}`},
		{bob, `{"roomId":"r","text":"ok","tempId":"1"}`}, {ann, `{"roomId":"s","text":"ok","tempId":"1"}`},
		{ann, `{"roomId":"r","text":"no","tempId":"1"}`}, {ann, `{"roomId":"r","text":"ok","nonce":"1"}`},
		{ann, `{"roomId":"r","text":"a","clientId":"browser"}`}, {ann, `{"roomId":"r","text":"b","clientId":"browser"}`}, // an id of the client, and not of a message
		{ann, `{"roomId":"r","text":"b","clientId":"browser"}`}, {ann, `{"roomId":"r","text":"a","clientId":"browser"}`},
		{ann, `{"roomId":"r","text":"ok","clientId":"ann"}`}, {ann, `{"roomId":"r","text":"ok","clientId":"ann"}`},
	} {
		before := len(store.texts())
		if got := c.by.ask("send_message", c.payload); got["ok"] != true || len(store.texts()) != before+1 {
			t.Errorf("%s is not stored: %v", c.payload, got)
		}
	}
}

// open notes messages of the users in turn, whose acks have that size.
func (rs *resends) fill(n, size int, users ...string) {
	for i := range n {
		s, _, repeated := rs.open(users[i%len(users)], place{room: "r"}, contract.ClientID{Key: "tempid", Value: fmt.Sprint(i)}, "hi", nil)
		if !repeated {
			rs.end(s, contract.Success{Message: make([]byte, size)})
		}
	}
}

func (rs *resends) knows(user, id string) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.users[user] != nil && rs.users[user].byKey[resendKey{place{room: "r"}, contract.ClientID{Key: "tempid", Value: id}}] != nil
}

func TestResendsAreForgottenByUserBeforeOthersAre(t *testing.T) {
	t.Parallel()
	count := &tally{events: make(map[string]int)}
	rs := newResends(count)
	rs.fill(1, 10, "ann")
	rs.fill(10*maxResendsOfUser, 10, "flood")
	rs.fill(100, maxResendUserBytes/10, "wordy")
	if !rs.knows("ann", "0") || rs.knows("flood", "0") || !rs.knows("flood", fmt.Sprint(10*maxResendsOfUser-1)) || rs.knows("wordy", "0") {
		t.Error("a user's flood costs another user")
	}
	if n := rs.users["flood"].queue.Len(); n != maxResendsOfUser || count.of("forgotten") == 0 {
		t.Errorf("%d are remembered, %d times some were forgotten", n, count.of("forgotten"))
	}
	var crowd []string
	for i := range 100 {
		crowd = append(crowd, fmt.Sprint("u", i))
	}
	rs.fill(1000, maxResendUserBytes/11, crowd...)
	if rs.bytes > maxResendBytes || rs.queue.Len() > 1000+maxResendsOfUser {
		t.Errorf("%d bytes of %d are remembered", rs.bytes, rs.queue.Len())
	}
}

func TestResendsAreForgottenAfterTheWindow(t *testing.T) {
	t.Parallel()
	rs := newResends(&tally{events: make(map[string]int)})
	rs.fill(10, 10, "ann", "bob")
	rs.mu.Lock()
	rs.expire(time.Now().Add(resendWindow + time.Second))
	left := len(rs.users) + rs.queue.Len() + rs.bytes
	rs.mu.Unlock()
	if left != 0 {
		t.Errorf("%d are left", left)
	}
}
