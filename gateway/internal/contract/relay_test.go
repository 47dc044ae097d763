package contract

import (
	"encoding/json"
	"testing"
)

// FuzzRelay looks for a relay that is not told as the verified person's, or in no room.
func FuzzRelay(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `"r"`, `5`, `{"room":"r","isTyping":false,"username":"Eve"}`, `{"readBy":["eve"],"reader_id":"eve"}`, `{"room_id":null}`,
		`{"_placeholder":true,"num":0}`, `["r"]`, `true`,
	} {
		f.Add([]byte(seed))
	}
	ann := NewPerson("42", json.RawMessage("42"), "Ann")
	app := NewKeys(Columns{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var payload json.RawMessage // nil where an event has no argument
		if len(data) > 0 {
			if payload = argument(data); payload == nil {
				return
			}
		}
		o, ok := ParseRelay(payload)
		if !ok {
			return
		}
		app.IdentifyRelay(&o, ann, "lobby", "")
		if !app.NamesRoom(o) {
			t.Fatalf("%q is told in no room: %s", data, o.Encode())
		}
		told := decoded(t, o)
		if told["userId"] != json.Number("42") || told["username"] != "Ann" {
			t.Fatalf("%q is told as %s", data, o.Encode())
		}
		for key, value := range told {
			if _, claimed := actors[Fold(key)]; claimed && foldsAlike(key) && value == "eve" {
				t.Fatalf("%q is told as %s", data, o.Encode())
			}
		}
	})
}
