package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

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

func TestRoomsMayHaveTheNamesOfPrototypes(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, nil).visit("u1", time.Hour)
	for _, room := range []string{"__proto__", "constructor", "toString", "hasOwnProperty", `a\u0000`, "socket.io#/#"} {
		if got := v.ask("join_room", `"`+room+`"`); got["ok"] != true || len(got["members"].([]any)) != 1 {
			t.Errorf("join %s: %v", room, got)
		}
		if got := v.ask("send_message", `{"text":"hi","roomId":"`+room+`"}`); got["ok"] != true {
			t.Errorf("send to %s: %v", room, got)
		}
	}
}
