package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

func TestJSONIsTakenToAHundredLevels(t *testing.T) {
	t.Parallel()
	objects := strings.Repeat(`{"a":`, MaxDepth) + `0` + strings.Repeat(`}`, MaxDepth)
	for in, want := range map[string]error{
		nested(MaxDepth):                             nil,
		objects:                                      nil,
		`[` + objects + `]`:                          ErrDepth,
		nested(MaxDepth + 1):                         ErrDepth,
		nested(1_000_000):                            ErrDepth,
		strings.Repeat("[", 1_000_000):               ErrDepth,
		`"` + nested(1_000) + `"`:                    nil,
		`[` + strings.Repeat(`[],`, 1_000) + `[]]`:   nil,
		`{"` + nested(1_000) + `":[]}`:               nil,
		nested(MaxDepth) + `]`:                       ErrSyntax,
		nested(MaxDepth)[:2*MaxDepth-1]:              ErrSyntax,
		strings.Repeat("[", MaxDepth) + `}`:          ErrSyntax,
		strings.Repeat(`{"a":[`, MaxDepth/2+1) + `0`: ErrDepth,
	} {
		if err := Check([]byte(in)); !errors.Is(err, want) {
			t.Errorf("%.40s (%d bytes): %v, want %v", in, len(in), err, want)
		}
	}
}

// depthOf is how deep encoding/json finds a valid value.
func depthOf(t *testing.T, data []byte) (deepest int) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		deepest = max(deepest, depth)
	}
}

// FuzzCheck holds what counts as JSON against encoding/json.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `[`, `]`, `{`, `}`, `[]`, `{}`, `[}`, `{]`, `[,]`, `[1,]`, `[1 2]`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{1:2}`,
		`{"a":1,"a":[2,{"b":null}]}`, ` [ "a" , 1 , { "b" : [ ] } ] `, "\t1\r\n", `1 2`, `1,`, `:`, `"a":1`, `[1:2]`, `{:1}`, `{"a":1,:2}`,
		`0`, `-0`, `-`, `00`, `01`, `+1`, `.5`, `5.`, `1.5e+3`, `1E-9`, `1e`, `1e+`, `1e999`, `-1.`, `0x1`, `1a`, `NaN`, `Infinity`, `9007199254740993`,
		`true`, `tru`, `trueish`, `false`, `null`, `nul`, `undefined`,
		`"`, `"a`, `"\`, `"\"`, `"\\"`, `"\u`, `"\u12"`, `"\u12g4"`, `"\ud800"`, `"\uD83D\uDE00"`, `"\x41"`, `"\'"`, "\"\n\"", "\"\x00\"", "\"\x7f\"",
		"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\xef\xbb\xbf[]", "\u00a0[]", "[]\u2028", "\"\u2028\"", `'a'`, `[]//`, `/**/[]`,
		nested(MaxDepth), nested(MaxDepth + 1), strings.Repeat(`{"a":`, MaxDepth) + `1` + strings.Repeat(`}`, MaxDepth),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		valid := utf8.Valid(data) && json.Valid(data)
		switch err := Check(data); {
		case errors.Is(err, ErrDepth):
			if valid && depthOf(t, data) <= MaxDepth {
				t.Fatalf("%q is not that deep", data)
			}
		case (err == nil) != valid:
			t.Fatalf("%q: %v, want valid: %v", data, err, valid)
		case err == nil && depthOf(t, data) > MaxDepth:
			t.Fatalf("%q is too deep", data)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	data := []byte(`["send_message",{"roomId":"general","text":"hello there, how are you?"}]`)
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(data); err != nil {
			b.Fatal(err)
		}
	}
}
