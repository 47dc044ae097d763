package contract

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestTheRoomThatAClientNamesAsItConnectsIsReadFromItsPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, query, auth, want string }{
		{"$query.room", "room=r1", "", "r1"}, {"$query.room", "", `{"room":"r1"}`, ""}, {"$auth.room", "", `{"room":"r1"}`, "r1"}, {"$auth.roomId", "", `{"roomId":7}`, "7"},
		{"$auth.room", "", `{"room":{"id":"r1"}}`, ""}, {"$auth.room", "", `["room"]`, ""}, {"$auth.room", "", "", ""}, {"$auth.room", "", `{"room":""}`, ""},
		{"chat:$query.a:$auth.b", "a=1", `{"b":"2"}`, "chat:1:2"}, {"chat:$query.a:$auth.b", "a=1", "", ""}, {"$query.room", "room=$auth.room", `{"room":"x"}`, "$auth.room"},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, refusal := ArrivalRoom(c.template, json.RawMessage(c.auth), query.Get)
		if got != c.want || refusal != nil || !HasArrivalPlace(c.template) {
			t.Errorf("%s of ?%s and %s: %q, %v, want %q", c.template, c.query, c.auth, got, refusal, c.want)
		}
	}
}

// FuzzArrivalRoom: whatever a client says, its room is one that it could join by name.
func FuzzArrivalRoom(f *testing.F) {
	f.Add("$auth.room", `{"room":"r1"}`, "")
	f.Add("x:$query.room", "", "\x00user\x00ann")
	f.Add("$query.room", `{"room":`, strings.Repeat("x", 300))
	f.Fuzz(func(t *testing.T, name, auth, said string) {
		if !json.Valid([]byte(auth)) {
			auth = ""
		}
		room, _ := ArrivalRoom(name, json.RawMessage(auth), url.Values{"room": {said}}.Get)
		if room != "" && !IsRoom(room) {
			t.Errorf("%q is no room", room)
		}
	})
}
