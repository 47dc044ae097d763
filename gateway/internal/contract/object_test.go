package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"unicode/utf8"
)

func TestObjectComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	const in = `{"b":1.0,"a":[1, {"x":null}],"<&>":"\u2028</script>","":1e400}`
	o, ok := ParseObject(json.RawMessage(in))
	if !ok {
		t.Fatal("not parsed")
	}
	if got := string(o.Encode()); got != in {
		t.Errorf("got  %s\nwant %s", got, in)
	}
}

func TestLastOfARepeatedKeyCounts(t *testing.T) {
	t.Parallel()
	o, _ := ParseObject(json.RawMessage(`{"a":1,"b":2,"a":3}`))
	if got := string(o.Encode()); got != `{"a":3,"b":2}` {
		t.Errorf("got %s", got)
	}
}

func TestPrototypeIsNotPassedOn(t *testing.T) {
	t.Parallel()
	o, _ := ParseObject(json.RawMessage(`{"__proto__":{"admin":true},"a":1,"\u005f_proto__":2}`))
	if got := string(o.Encode()); got != `{"a":1}` {
		t.Errorf("got %s", got)
	}
}

func TestOnlyObjectsAreObjects(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `null`, `"a"`, `[]`, `["{}"]`, `1`} {
		if o, ok := ParseObject(json.RawMessage(in)); ok {
			t.Errorf("%q parsed as %v", in, o)
		}
	}
}

func TestMegabyteOfKeysIsRefusedBeforeItCosts(t *testing.T) {
	t.Parallel()
	keys := func(n int) json.RawMessage {
		b := []byte{'{'}
		for i := range n {
			b = fmt.Appendf(b, `"%d":0,`, i)
		}
		b[len(b)-1] = '}'
		return b
	}
	if _, ok := ParseObject(keys(maxFields)); !ok {
		t.Errorf("%d keys were refused", maxFields)
	}
	if _, ok := ParseObject(keys(100_000)); ok {
		t.Error("100,000 keys were taken")
	}
}

// argument returns fuzzed bytes as an argument of an event comes, or nil where they can't be one.
func argument(data []byte) []byte {
	data = bytes.TrimSpace(data)
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil
	}
	return data
}

// decoded returns what a client reads of an object. Numbers stay as they are written.
func decoded(t *testing.T, o Object) map[string]any {
	t.Helper()
	encoded := o.Encode()
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		t.Fatalf("%q is no object: %v", encoded, err)
	}
	return values
}

// FuzzObject holds the object against encoding/json: the same values are objects, with the same keys and the same
// bytes of each value.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[{}]}`, `{"text":"hi","roomId":5}`, `{"a":"\ud800"}`, `{"a":1,"a":2}`, `{"a:":{"b,":"}\\\""},"":-1e400}`,
		`{"\u0061":[[[]]],"a":"]"}`, "{\"a\"\t:\n1 , \"b\":\r{ } }", `["{}"]`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if data = argument(data); data == nil || mayNamePrototype(data) { // FuzzPrototypes has these
			return
		}
		o, ok := ParseObject(data)
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil || want == nil {
			if ok {
				t.Fatalf("%q was taken for an object", data)
			}
			return
		}
		if !ok {
			if bytes.Count(data, []byte{':'}) <= maxFields {
				t.Fatalf("%q was not taken for an object", data)
			}
			return
		}
		if len(o) != len(want) {
			t.Fatalf("%q has %d keys, and not %d", data, len(want), len(o))
		}
		for key, value := range want {
			if !bytes.Equal(o.Get(key), value) {
				t.Fatalf("%q has %q at %q, and not %q", data, value, key, o.Get(key))
			}
		}
		var again map[string]json.RawMessage
		if encoded := o.Encode(); json.Unmarshal(encoded, &again) != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("%q became %q", data, encoded)
		}
	})
}
