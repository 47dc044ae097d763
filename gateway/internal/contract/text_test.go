package contract

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzText holds the text of a message against encoding/json: it is the first string under the keys of a text, and
// afterwards no such key holds another.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		`{"text":"hi"}`, `{"message":"hi","text":null}`, `{"content":"hi","message":{"id":1}}`, `{"body":"h\u00e9","text":7}`, `{"text":" \n"}`,
		`{"text":"\ud800","message":"old","content":"older"}`, `{"text":"12345678901234567"}`, `{}`, `{"text":[]}`,
	} {
		f.Add([]byte(seed))
	}
	const limit = 16
	app := NewKeys(Columns{Text: "body"})
	f.Fuzz(func(t *testing.T, data []byte) {
		o, ok := ParseObject(argument(data))
		if !ok {
			return
		}
		before, values := o.Encode(), decoded(t, o)
		var want string
		for _, key := range []string{"text", "message", "content", "body"} {
			if text, is := values[key].(string); is {
				want = text
				break
			}
		}
		text, refusal := app.Text(&o, limit)
		if taken := strings.TrimSpace(want) != "" && len(want) <= limit; taken != (refusal == nil) {
			t.Fatalf("%s: %q, %v", data, text, refusal)
		}
		if refusal != nil {
			if !bytes.Equal(o.Encode(), before) {
				t.Fatalf("%s was refused and became %s", before, o.Encode())
			}
			return
		}
		after := decoded(t, o)
		for _, key := range []string{"text", "message", "content"} {
			if said, is := after[key].(string); is && said != want || key == "text" && !is || text != want {
				t.Fatalf("%s says %q at %s, and stores %q", o.Encode(), said, key, text)
			}
		}
	})
}
