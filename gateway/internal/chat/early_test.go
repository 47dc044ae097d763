package chat

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
)

func waiting(patience time.Duration) func(*Options) {
	return func(o *Options) { o.JoinWait, o.Relays = patience, []Relay{{Event: "typing"}} }
}

func TestWhatComesBeforeItsJoinIsSentAfterIt(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, waiting(time.Hour)).visit("ann", time.Hour)
	for i, payload := range []string{`{"roomId":"r","text":"0"}`, `{"text":"1"}`, `{"roomId":"other","text":"never"}`, `{"roomId":"r","text":"2"}`} {
		v.say(fmt.Sprintf(`421%d["send_message",%s]`, i, payload))
	}
	v.say(`42["join_room","r"]`)
	v.say(`429["send_message",{"roomId":"r","text":"3"}]`)
	for _, id := range []string{"10", "11", "13", "9"} {
		if answer := v.await("43"); !strings.HasPrefix(answer, "43"+id+`[{"ok":true`) {
			t.Errorf("want the ack of %s, got %s", id, answer)
		}
	}
	if got := store.texts(); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
		t.Errorf("stored in the order %q", got)
	}
}

func TestWhoseRoomIsNotJoinedIsToldAfterTheWait(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, waiting(50*time.Millisecond))
	v := h.visit("ann", time.Hour)
	began := time.Now()
	if got := v.ask("send_message", `{"roomId":"r","text":"hi"}`); got["code"] != "not_in_room" {
		t.Errorf("got %v", got)
	}
	if waited := time.Since(began); waited < 50*time.Millisecond {
		t.Errorf("answered after %v", waited)
	}
	if got := v.ask("send_message", `{"text":"nowhere"}`); got["code"] != "bad_request" {
		t.Errorf("got %v", got)
	}
	v.say(`42["send_message",{"roomId":"r","text":"hi"}]`)
	v.await(`42["error",{"code":"not_in_room"`)
	if n := h.tally.of("send_message not_in_room"); n != 2 {
		t.Errorf("%d are counted, want 2", n)
	}
}

func TestWhoHasJoinedBeforeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, waiting(time.Hour)).visit("ann", time.Hour)
	v.say(`422["send_message",{"roomId":"b","text":"1"}]`)
	v.ask("join_room", `"a"`)
	if got := v.ask("send_message", `{"roomId":"c","text":"hi"}`); got["code"] != "not_in_room" {
		t.Errorf("got %v", got)
	}
	v.say(`423["send_message",{"roomId":"b","text":"2"}]`) // behind the one that waits
	v.ask("join_room", `"b"`)
	v.await(`432[{"ok":true`)
	v.await(`433[{"ok":true`)
	if got := store.texts(); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("stored %q", got)
	}
}

func TestWhoWaitedInVainDoesNotWaitAgain(t *testing.T) {
	t.Parallel()
	e, m := newEarly(time.Hour), &member{Person: contract.NewPerson("ann", nil, "Ann")}
	defer e.close()
	park := func() contract.Answer {
		return e.park(&parked{member: m, request: &request{event: &socketio.Event{}}, refusal: notJoined})
	}
	if a := park(); a != nil {
		t.Fatalf("the first does not wait: %v", a)
	}
	if late, _ := e.late(time.Now().Add(2 * time.Hour)); len(late) != 1 || m.early != nil || e.bytes != 0 || len(e.of) != 0 {
		t.Fatalf("%d are late, %d bytes are left", len(late), e.bytes)
	}
	if a := park(); a != notJoined {
		t.Errorf("the second gets %v", a)
	}
}

func TestRelaysAndWhatIsMalformedDoNotWait(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, waiting(time.Hour)).visit("ann", time.Hour)
	for _, c := range [][3]string{
		{"typing", `"r"`, "not_in_room"}, {"send_message", `{"roomId":"r"}`, "bad_request"}, {"send_message", `{"roomId":{},"text":"hi"}`, "bad_request"},
		{"send_message", `{"to":"bob","text":"hi"}`, "bad_request"},
	} {
		if got := v.ask(c[0], c[1]); got["code"] != c[2] {
			t.Errorf("%s of %s: %v, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestLeavingAndDisconnectingAnswerWhatWaits(t *testing.T) {
	t.Parallel()
	store := &memory{}
	h := serve(t, store, waiting(time.Hour))
	v := h.visit("ann", time.Hour)
	v.say(`421["send_message",{"roomId":"r","text":"hi"}]`)
	v.say(`42["leave_room","r"]`)
	v.await(`431[{"ok":false`)
	v.say(`42["send_message",{"roomId":"r","text":"hi"}]`)
	v.say("41")
	v.Conn.Close()
	<-h.tally.closed
	if n := h.tally.of("send_message not_in_room"); n != 2 {
		t.Errorf("%d are counted, want 2", n)
	}
	if len(store.texts()) != 0 {
		t.Error("something was stored")
	}
}

func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, waiting(time.Hour))
	v, wordy := h.visit("ann", time.Hour), h.visit("bob", time.Hour)
	for range maxEarly {
		v.say(`42["send_message",{"roomId":"r","text":"hi"}]`)
	}
	if got := v.ask("send_message", `{"roomId":"r","text":"hi"}`); got["code"] != "rate_limited" {
		t.Errorf("got %v", got)
	}
	long := `{"roomId":"r","text":"` + strings.Repeat("x", maxEarlyBytes/4) + `"}`
	for range 3 {
		wordy.say(`42["send_message",` + long + `]`)
	}
	if got := wordy.ask("send_message", long); got["code"] != "rate_limited" {
		t.Errorf("got %v", got)
	}
}

// One user filled up the place of all with 68 sockets, so that nobody else could send before joining.
func TestOneUserLeavesRoomForOthersToWait(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, waiting(time.Minute))
	const half, most = maxEarlyBytes / 2, 2 * maxEarlyOfUser / maxEarlyBytes
	long := `{"roomId":"r","text":"` + strings.Repeat("x", half-2*earlyOverhead) + `"}`
	parked := 0
	for _, eve := range h.visits("eve", 2*most) {
		eve.say(`42["send_message",` + long + `]`)
		eve.say(`421["leave_room","elsewhere"]`)
		if eve.count("rate_limited", "431") == 0 {
			parked++
		}
	}
	if parked != most {
		t.Errorf("%d messages of half a MiB wait of one user, want %d", parked, most)
	}
	ann := h.visit("ann", time.Hour)
	ann.say(`422["send_message",` + long + `]`)
	ann.ask("join_room", `"r"`)
	if got := ann.await("432"); !strings.Contains(got, `"ok":true`) {
		t.Errorf("ann is told %.100s", got)
	}
}
