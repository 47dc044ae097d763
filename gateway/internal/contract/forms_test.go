package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

func arguments(list string) (args []json.RawMessage) {
	if json.Unmarshal([]byte(list), &args) != nil {
		return nil
	}
	return args
}

func TestAMessageComesInTheFormsThatTheAppNames(t *testing.T) {
	t.Parallel()
	keys := NewKeys(Columns{})
	for _, c := range []struct{ names, args, want string }{
		{"text,room", `["hi","r"]`, `{"text":"hi","room":"r"}`},
		{"text,room", `["hi"]`, `{"text":"hi"}`},
		{"text,room", `["hi",5,"more"]`, `{"text":"hi","room":5}`},
		{"text,room", `[{"text":"hi","roomId":"r"}]`, `{"text":"hi","roomId":"r"}`},
		{"room,message", `["r",{"text":"hi","tempId":1}]`, `{"room":"r","text":"hi","tempId":1}`},
		{"message", `[{"message":{"text":"hi","roomId":"b","to":"x"},"roomId":"a"}]`, `{"roomId":"a","text":"hi","to":"x"}`},
		{"message", `[{"text":"hi","message":{"text":"no"}}]`, `{"text":"hi","message":{"text":"no"}}`},
		{"message", `[{"message":{"file":1}}]`, `{"message":{"file":1}}`},
		{"text,meta", `["hi",{"__proto__":1,"a":2}]`, `{"text":"hi","meta":{"a":2}}`},
		{"", `[{"message":{"text":"hi"}}]`, `{"message":{"text":"hi"}}`},
		{"", `["hi","r"]`, ""},
		{"text", `[]`, ""},
	} {
		var names []string
		if c.names != "" {
			names = strings.Split(c.names, ",")
		}
		o, ok := keys.Message(arguments(c.args), names)
		if ok != (c.want != "") || ok && string(o.Encode()) != c.want {
			t.Errorf("%s as %s: %s", c.args, c.names, o.Encode())
		}
	}
}

func FuzzMessageForms(f *testing.F) {
	f.Add(`["hi","r"]`)
	f.Add(`["r",{"message":{"text":"a","__proto__":{}}}]`)
	f.Add(`[{"message":{"text":"a","roomId":"b"},"roomId":"a"}]`)
	keys := NewKeys(Columns{})
	f.Fuzz(func(t *testing.T, list string) {
		o, ok := keys.Message(arguments(list), []string{"message", "room"})
		if !ok {
			return
		}
		encoded := o.Encode()
		if !json.Valid(encoded) {
			t.Fatalf("%s makes %s", list, encoded)
		}
		seen := map[string]bool{}
		for _, field := range o {
			if seen[field.Key] || field.Key == "__proto__" {
				t.Fatalf("%s has %q twice, or at all", list, field.Key)
			}
			seen[field.Key] = true
		}
	})
}
