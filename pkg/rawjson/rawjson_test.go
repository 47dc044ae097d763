package rawjson

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"
)

func FuzzElements(f *testing.F) {
	for _, seed := range []string{
		`[]`, `["a",1,"two",{"three":[3]},[4,[5]],null,true]`, ` [ "a" , 1 , { "b" : [ ] } ] `, `["a","],[\"\\",1]`,
		`["\u00e9\"\\"]`, `[-1.5,2]`, `["toString",1e400]`, `["\\\"",{"a":"]"},[[],{}],"\\"]`, "[\t1\r\n,\n2 ]", `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want []json.RawMessage
		if json.Unmarshal(data, &want) != nil || want == nil { // null is no array
			return
		}
		got := slices.Collect(Elements(data))
		if !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzUnquote holds the text of a string against encoding/json.
func FuzzUnquote(f *testing.F) {
	for _, seed := range []string{`""`, `"a"`, `"\u0000\ud83d\ude00\ud800\/"`, `"\u2028"`, `"é"`, `1`, `null`, `["a"]`, `{"a":"b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.TrimSpace(data)
		if !utf8.Valid(data) || !json.Valid(data) {
			return
		}
		got, ok := Unquote(data)
		var want *string
		if err := json.Unmarshal(data, &want); ok != (err == nil && want != nil) {
			t.Fatalf("%q taken for a string: %v", data, ok)
		}
		if ok && got != *want {
			t.Fatalf("%q is %q, and not %q", data, *want, got)
		}
	})
}

// FuzzScalar holds what counts as a string or a number against encoding/json.
func FuzzScalar(f *testing.F) {
	for _, seed := range []string{`"5"`, `5`, `-0.5e+3`, `"h\u00e9"`, `""`, `true`, `null`, `[]`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.TrimSpace(data)
		if !utf8.Valid(data) || !json.Valid(data) {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		got, ok := Scalar(data)
		switch want := value.(type) {
		case string:
			if !ok || got != want {
				t.Fatalf("%q is %q, %v", data, got, ok)
			}
		case json.Number:
			if !ok || got != want.String() {
				t.Fatalf("%q is %q, %v", data, got, ok)
			}
		default:
			if ok || IsNull(data) != (value == nil) {
				t.Fatalf("%q is %q, %v, and null: %v", data, got, ok, IsNull(data))
			}
		}
	})
}

// FuzzQuote holds every escape against encoding/json, as it is told to leave <, > and & alone.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{
		"", "plain", `"quoted" \ and / slashed`, "\b\f\n\r\t\x00\x1f\x7f", "<b> & é", "\u2028\u2029\u2027\u202a", "😀", "a\xffb\xed\xa0\x80", "\ufffd",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(text); err != nil {
			t.Fatal(err)
		}
		if got := Quote(text); string(got) != string(bytes.TrimSpace(want.Bytes())) {
			t.Fatalf("%q is %s, want %s", text, got, want.Bytes())
		}
	})
}
