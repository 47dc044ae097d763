package contract

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Apps copy what they receive with code that follows __proto__, and then every object of the page is an admin.
func TestNoPrototypeIsPassedOnAtAnyDepth(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":{"__proto__":{"isAdmin":true},"b":1}}`:                                 `{"a":{"b":1}}`,
		`{"a":[{"b":{"__proto__":null}}]}`:                                           `{"a":[{"b":{}}]}`,
		`{"a":{"b":1,"__proto__":[1,{"x":"}"}]}}`:                                    `{"a":{"b":1}}`,
		`{"a":{"b":1 , "__proto__" : "x\"," , "c" : 2 } }`:                           `{"a":{"b":1 , "c" : 2 }}`,
		`{"a":{"\u005f_proto__":1,"_\u005fproto__":2,"\u005F\u005fprot\u006F__":3}}`: `{"a":{}}`,
		`{"a":{"constructor":{"prototype":{"isAdmin":true}}}}`:                       `{"a":{}}`,
		`{"constructor":{"prototype":{}},"a":1}`:                                     `{"a":1}`,
		`{"a":{"c\u006fnstructor":{"prototype":{}}},"constructor":"Gaudí"}`:          `{"a":{},"constructor":"Gaudí"}`,
		`{"text":"__proto__ is a key, \"__proto__\":1 too","a":["__proto__"]}`:       `{"text":"__proto__ is a key, \"__proto__\":1 too","a":["__proto__"]}`,
		`{"a":{"x":{"__proto__":{"__proto__":1}},"y":2}}`:                            `{"a":{"x":{},"y":2}}`,
	} {
		o, ok := ParseObject(json.RawMessage(in))
		if got := string(o.Encode()); !ok || strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s\nbecame %s\nwant   %s", in, got, want)
		}
	}
}

func TestPrototypesInAMegabyteOfDepthCostNoTime(t *testing.T) {
	t.Parallel()
	const depth = 100_000
	in := `{"a":` + strings.Repeat(`{"__proto__":1,"a":`, depth) + "1" + strings.Repeat("}", depth) + "}"
	began := time.Now()
	if out := withoutPrototypes(json.RawMessage(in)); bytes.Contains(out, []byte("proto")) || time.Since(began) > 5*time.Second {
		t.Errorf("took %s", time.Since(began))
	}
}

// namesPrototype looks for a key that isPrototype means, at any depth.
func namesPrototype(data json.RawMessage) bool {
	if len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return false
	}
	key, isKey := "", data[0] == '{'
	for part := range rawjson.Elements(data) {
		switch {
		case data[0] == '[':
			if namesPrototype(part) {
				return true
			}
		case isKey:
			key, _ = rawjson.Unquote(part)
			isKey = false
		default:
			if isPrototype(key, part) || namesPrototype(part) {
				return true
			}
			isKey = true
		}
	}
	return false
}

// FuzzPrototypes looks for a key that survives, and for anything else that does not.
func FuzzPrototypes(f *testing.F) {
	for _, seed := range []string{
		`{"__proto__":1,"\u005f_proto__":2}`, `{"a":{"constructor":{"prototype":1},"b":[{"__proto__":{}},1]}}`, `{"constructor":1,"a":"\u0041"}`,
		`{"a":{"__proto__":-1e5},"b":[true,null,"__proto__"]}`, `[[{"__proto__":[]}],"\\\u005f"]`, `"\u0041"`, `{"a" : { "__proto__" : "}" , "b" : 1 } }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if data = argument(data); data == nil || len(data) > 10_000 {
			return
		}
		out := withoutPrototypes(data)
		if !json.Valid(out) || namesPrototype(out) {
			t.Fatalf("%q became %q", data, out)
		}
		if !namesPrototype(data) && !bytes.Equal(spaceless(data), spaceless(out)) {
			t.Fatalf("%q lost something: %q", data, out)
		}
	})
}

// spaceless is JSON without the spaces between its parts.
func spaceless(data []byte) []byte {
	var b bytes.Buffer
	_ = json.Compact(&b, data) // it is valid
	return b.Bytes()
}
