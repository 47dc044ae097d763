package contract

import (
	"encoding/json"
	"testing"
)

func TestWhomACallIsFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said   string
		socket bool
		key    string
		to     string // "" is nobody
	}{
		{`"bob"`, false, "", "bob"}, {`7`, false, "", "7"}, {`{"to":"bob"}`, false, "", "bob"}, {`{"to":{"_id":"bob"}}`, false, "", "bob"},
		{`{"userId":"ann","receiver_id":"bob"}`, false, "", "bob"}, {`{"userId":"bob","offer":{}}`, false, "", "bob"},
		{`{"userToCall":"s1","from":"s2"}`, true, "", "s1"}, {`{"target":"s1","to":null}`, true, "", "s1"},
		{`{"socketId":"mine","to":"bob"}`, false, "", "bob"}, {`{"socketId":"s1"}`, true, "", "s1"}, {`{"userId":"u1"}`, true, "", ""},
		{`{"callerID":"s1","to":"s2"}`, true, "callerId", "s1"}, {`{"to":"s2"}`, true, "callerId", ""},
		{`{}`, false, "", ""}, {`null`, false, "", ""}, {`[]`, false, "", ""}, {`true`, false, "", ""}, {`{"to":["bob"]}`, false, "", ""},
		{`{"to":"\u0000user\u0000bob"}`, false, "", ""}, {`""`, false, "", ""}, {`{"to":{}}`, false, "", ""},
	} {
		_, to, ok := ParseCall(json.RawMessage(c.said), c.socket, c.key)
		if ok != (c.to != "") || ok && to != c.to {
			t.Errorf("%s is for %q, %v; want %q", c.said, to, ok, c.to)
		}
	}
	if _, _, ok := ParseCall(nil, false, ""); ok {
		t.Error("no argument is for somebody")
	}
}

// FuzzCall looks for a call that is told as another's than the verified person's or, to a socket, as that of another socket.
func FuzzCall(f *testing.F) {
	for _, seed := range []string{
		`"bob"`, `{"to":"bob","from":"eve"}`, `{"to":"bob","from":{"id":"eve"}}`, `{"userId":"bob","callerId":"eve","callerName":"eve"}`,
		`{"to":"s2","from":"s1","callerID":"s1"}`, `{"to":5,"From":true,"from":["eve"]}`, `{"to":"bob","from":null,"socketId":"eve","name":"eve"}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	ann := NewPerson("42", json.RawMessage("42"), "Ann")
	app := NewKeys(Columns{})
	f.Fuzz(func(t *testing.T, data []byte, toSocket bool) {
		payload := argument(data)
		if payload == nil {
			return
		}
		o, to, ok := ParseCall(payload, toSocket, "")
		if !ok {
			return
		}
		if to == "" || len(to) > MaxRoom || IsPersonal(to) {
			t.Fatalf("%q is for %q", data, to)
		}
		app.IdentifyCall(&o, ann, toSocket, "s1")
		told := decoded(t, o)
		var from any = json.Number("42")
		if toSocket {
			from = "s1"
		}
		switch told["from"].(type) {
		case map[string]any:
			from = nil
			if told["from"].(map[string]any)["id"] != json.Number("42") {
				t.Fatalf("%q is told as %s", data, o.Encode())
			}
		case []any:
			from = nil
		}
		if from != nil && told["from"] != from || told["userId"] != json.Number("42") || told["username"] != "Ann" || told["socketId"] != "s1" {
			t.Fatalf("%q is told as %s", data, o.Encode())
		}
		for key, value := range told {
			_, speaks := speakers[Fold(key)]
			_, acts := actors[Fold(key)]
			if (speaks || acts) && foldsAlike(key) && value == "eve" {
				t.Fatalf("%q is told as %s", data, o.Encode())
			}
		}
	})
}
