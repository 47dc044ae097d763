package chat

import (
	"fmt"
	"testing"
	"time"
)

func TestRoomRulesSayWhoMayJoinWithoutADatabase(t *testing.T) {
	t.Parallel()
	rules := []RoomRule{{Pattern: "user:$user"}, {Pattern: "dm:$user:*"}, {Pattern: "dm:*:$user"}, {Pattern: "private-*"}, {Pattern: "lobby", Anybody: true},
		{Pattern: "private-hall", Anybody: true}, {Pattern: "$user"}}
	c := &Chat{options: Options{RoomRules: rules[:6]}}
	for _, r := range []struct {
		room, user string
		fits, may  bool
	}{
		{"user:ann", "ann", true, true},
		{"user:ann", "eve", true, false},
		{"user:ann", "an", true, false},
		{"user:", "eve", true, false},
		{"user:*", "eve", true, false},
		{"user:$user", "eve", true, false},
		{"user:ann", "*", true, false},
		{"user:ann", "$user", true, false},
		{"xuser:ann", "eve", false, false},
		{"dm:ann:bob", "ann", true, true},
		{"dm:ann:bob", "bob", true, true},
		{"dm:ann:bob", "eve", true, false},
		{"dm:ann:bob", "ann:bob", true, false},
		{"dm::", "eve", true, false},
		{"dm:ann", "ann", false, false},
		{"private-", "ann", true, false},
		{"private-room", "ann", true, false},
		{"private-hall", "ann", true, true},
		{"lobby", "ann", true, true},
		{"lobby2", "ann", false, false},
	} {
		if fits, may := c.rule(r.room, r.user); fits != r.fits || may != r.may {
			t.Errorf("%s by %s: fits %t, may %t, want %t and %t", r.room, r.user, fits, may, r.fits, r.may)
		}
	}
	c.options.RoomRules = append(rules, RoomRule{Pattern: "*"})
	for room, want := range map[string]bool{"ann": true, "anything": false, "user:ann": true, "lobby": true} {
		if fits, may := c.rule(room, "ann"); !fits || may != want {
			t.Errorf("closed but for the rules: %s: fits %t, may %t, want %t", room, fits, may, want)
		}
	}
}

// A rule decides before the app's own is asked, for which it may be no room at all.
func TestTheVictimsRoomIsNotHeard(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{guests: map[string]bool{"eve": true}}, func(o *Options) { o.RoomRules = []RoomRule{{Pattern: "user:$user"}} })
	eve, victim := h.visit("eve", time.Hour), h.visit("victim", time.Hour)
	for _, room := range []string{`"user:victim"`, `{"roomId":"user:victim"}`} {
		if got := eve.ask("join_room", room); got["code"] != "forbidden" {
			t.Errorf("%s: %v", room, got)
		}
	}
	if got := eve.ask("join_room", `"open to eve"`); got["ok"] != true {
		t.Errorf("a room that no rule fits: %v", got)
	}
	if got := victim.ask("join_room", `"user:victim"`); got["ok"] != true {
		t.Errorf("the victim: %v", fmt.Sprint(got))
	}
}
