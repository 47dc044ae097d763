package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

func TestObjectComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	const in = `{"b":1.0,"a":[1, {"x":null}],"<&>":"\u2028</script>","":1e400}`
	o, ok := parseObject(json.RawMessage(in))
	if !ok {
		t.Fatal("not parsed")
	}
	if got := string(o.encode()); got != in {
		t.Errorf("got  %s\nwant %s", got, in)
	}
}

func TestLastOfARepeatedKeyCounts(t *testing.T) {
	t.Parallel()
	o, _ := parseObject(json.RawMessage(`{"a":1,"b":2,"a":3}`))
	if got := string(o.encode()); got != `{"a":3,"b":2}` {
		t.Errorf("got %s", got)
	}
}

func TestPrototypeIsNotPassedOn(t *testing.T) {
	t.Parallel()
	o, _ := parseObject(json.RawMessage(`{"__proto__":{"admin":true},"a":1,"\u005f_proto__":2}`))
	if got := string(o.encode()); got != `{"a":1}` {
		t.Errorf("got %s", got)
	}
}

func TestOnlyObjectsAreObjects(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `null`, `"a"`, `[]`, `["{}"]`, `1`} {
		if o, ok := parseObject(json.RawMessage(in)); ok {
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
	if _, ok := parseObject(keys(maxFields)); !ok {
		t.Errorf("%d keys were refused", maxFields)
	}
	if _, ok := parseObject(keys(100_000)); ok {
		t.Error("100,000 keys were taken")
	}
}

func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[{}]}`, `{"text":"hi","roomId":5}`, `{"a":"\ud800"}`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) { // what comes off the wire has been found valid before
			return
		}
		o, ok := parseObject(bytes.TrimSpace(data)) // as an event's arguments come
		if !ok {
			return
		}
		var want, got map[string]any
		if json.Unmarshal(data, &want) != nil {
			return
		}
		delete(want, "__proto__")
		encoded := o.encode()
		if err := json.Unmarshal(encoded, &got); err != nil {
			t.Fatalf("%q became %q: %v", data, encoded, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q", data, encoded)
		}
	})
}
