package chat

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

func byAuth(o *Options) { o.DefaultRoom = "$auth.room" }

// arrive connects a user whose client says more in its auth.
func (h *host) arrive(userID, more string) *visitor {
	h.t.Helper()
	tok, err := token.Mint([]byte(secret), userID, "Name of "+userID, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	v := h.dial(`{"token":"` + tok + `",` + more + `}`)
	v.await("0{")
	v.session = v.await(`40{"sid":"`)
	return v
}

func TestAClientIsWhereItSaysAsItConnectsAndNowhereWithoutSayingSo(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, byAuth)
	ann, bob, eve := h.arrive("ann", `"room":"r"`), h.arrive("bob", `"room":"r"`), h.visit("eve", time.Hour)
	for said := ""; !strings.Contains(said, `"bob"`); {
		said = ann.await(`42["room_members"`)
	}
	if got := bob.ask("send_message", `{"text":"hi"}`); got["ok"] != true {
		t.Fatal(got)
	}
	ann.await(`42["receive_message",{"text":"hi"`)
	if got := eve.ask("send_message", `{"roomId":"r","text":"me too"}`); got["code"] != "not_in_room" {
		t.Error(got)
	}
	ann.ask("join_room", `"other"`) // which leaves the first, as ever
	if got := ann.ask("send_message", `{"roomId":"r","text":"still here"}`); got["code"] != "not_in_room" {
		t.Error(got)
	}
}

func TestWhoMayNotJoinTheRoomThatTheyNameIsToldSoAndIsNotInIt(t *testing.T) {
	t.Parallel()
	store := &memory{guests: map[string]bool{"ann": true}}
	h := serve(t, store, func(o *Options) { byAuth(o); o.Guarded = true; o.RoomRules = []RoomRule{{Pattern: "user:$user"}} })
	h.arrive("ann", `"room":"r"`).await(`42["room_members"`)
	for _, room := range []string{"r", "user:ann"} {
		eve := h.arrive("eve", `"room":"`+room+`"`)
		if got := eve.await(`42["error"`); !strings.Contains(got, `"code":"forbidden"`) || !strings.Contains(got, `"roomId":"`+room+`"`) {
			t.Errorf("got %s", got)
		}
		if got := eve.ask("send_message", `{"roomId":"`+room+`","text":"me too"}`); got["code"] != "not_in_room" {
			t.Error(got)
		}
	}
	for _, bad := range []string{strings.Repeat("x", 300), `\u0000user\u0000ann`} {
		if got := h.arrive("eve", `"room":"`+bad+`"`).await(`42["error"`); !strings.Contains(got, `"bad_request"`) {
			t.Errorf("got %s", got)
		}
	}
}

func TestWhileNobodyKnowsWhoMayJoinAClientComesBackByItself(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{barred: errors.New("database is down")}, func(o *Options) { byAuth(o); o.Guarded = true })
	tok, err := token.Mint([]byte(secret), "ann", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v := h.dial(`{"token":"` + tok + `","room":"r"}`)
	for {
		packet, err := v.Next()
		if err != nil {
			return // closed without an answer
		}
		if !strings.HasPrefix(packet, "0{") {
			t.Fatalf("got %s", packet)
		}
	}
}

func TestASessionIsTakenUpWithItsRoomsAndNotWithOneThatWasLeft(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { byAuth(o); recovering(o) })
	stays, leaves := h.arrive("ann", `"room":"r"`), h.arrive("bob", `"room":"r"`)
	leaves.ask("join_room", `"other"`)
	for user, v := range map[string]*visitor{"ann": stays, "bob": leaves} {
		var session struct{ Pid string }
		if err := json.Unmarshal([]byte(v.session[2:]), &session); err != nil {
			t.Fatal(err)
		}
		v.Close()
		again := h.arrive(user, `"room":"r","pid":"`+session.Pid+`"`)
		if again.session != v.session {
			t.Fatalf("%s has another session", user)
		}
		got := again.ask("send_message", `{"roomId":"r","text":"hi"}`)
		if want := user == "ann"; (got["ok"] == true) != want {
			t.Errorf("%s: %v", user, got)
		}
	}
}
