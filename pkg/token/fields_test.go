package token

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzFields holds what a token's claims are against encoding/json.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, ` { "sub" : "a" , "exp" : 1 } `, `{"sub":"a","sub":"b"}`, `{"s\u0075b":"a"}`, `{"Sub":"a"}`, `{"":1}`, `{"a\"b":{"sub":"x"}}`,
		`{"sub":null}`, `{"sub":["a",{"sub":"b"}],"id":{"a":[1,2]}}`, "{\"s\xffb\":\"\xff\"}", `{"sub":"\ud800"}`, `[]`, `"sub"`, `{"sub"}`, `{"sub":}`, ``, ` `,
		`{"a":1}{`, "\u00a0{}", `{"exp":1e999,"iat":-1.5,"nbf":"1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		var want map[string]json.RawMessage
		err := json.Unmarshal(object, &want)
		got, ok := readFields(object)
		if ok != (err == nil) {
			t.Fatalf("%q: %v, want %v", object, ok, err)
		}
		for _, field := range got {
			if _, there := want[string(field.name)]; !there {
				t.Fatalf("%q: has %q", object, field.name)
			}
		}
		for name, value := range want {
			if !bytes.Equal(got.get(name), value) {
				t.Fatalf("%q: %s is %s, want %s", object, name, got.get(name), value)
			}
			var text string
			is := len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil
			if said, ok := unquote(value); ok != is || said != text {
				t.Fatalf("%s says %q (%v), want %q (%v)", value, said, ok, text, is)
			}
			var seconds *float64
			wrong := json.Unmarshal(value, &seconds) != nil || seconds == nil
			if _, err := numericDate(got, name); (err != nil) != wrong {
				t.Fatalf("%s as a date: %v, want an error: %v", value, err, wrong)
			}
		}
	})
}
