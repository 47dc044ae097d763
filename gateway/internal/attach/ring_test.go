package attach

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestAWholeRingIsGivenBack(t *testing.T) {
	t.Parallel()
	m := &memory{name: "x", most: 1 << 20}
	m.window.Store(int64(time.Second))
	r := ring{memory: m, rooms: map[string][]*event{}}
	now := time.Now()
	for i := range 100 {
		to := target{rooms: [][]string{nil, {"a"}, {"a", "b", "a"}, {"c", "c"}}[i%4]}
		r.add(to, []*engineio.Packet{engineio.Message([]byte(`2["n"]`))}, now)
	}
	if missed, whole := r.missed(0, []stay{{"a", 0}, {"c", 90}}, nil); !whole || len(missed) != 25+50+3 {
		t.Errorf("%d missed, %v", len(missed), whole)
	}
	r.trim(now.Add(2 * time.Second))
	if m.bytes.Load() != 0 || len(r.events)+len(r.all)+len(r.rooms) != 0 || r.floor != 100 {
		t.Errorf("left: %d bytes, %d events, %d to all, %d rooms", m.bytes.Load(), len(r.events), len(r.all), len(r.rooms))
	}
	if _, whole := r.missed(99, nil, nil); whole {
		t.Error("what is gone is taken for whole")
	}
}

func FuzzOffsetsAreLaidIntoEventsOnly(f *testing.F) {
	for _, seed := range []string{`2["a"]`, `2/x,["a",1]`, `51-["a",{"_placeholder":true,"num":0}]`, `21["a"]`, `0{}`, `2[]`, `[]`, ``, `2]`, "2[\"\xff\"]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		packets := []*engineio.Packet{engineio.Message([]byte(text))}
		after, ok := withOffset(packets, "x.1")
		_, got := after[0].Payload()
		if want := "4" + text; !ok && string(got) != want || ok && string(got) != want[:len(want)-1]+`,"x.1"]` {
			t.Fatalf("%q became %q", text, got)
		}
		_, args, isEvent := strings.Cut(text, "[")
		var before, then []any
		if !ok || !isEvent || json.Unmarshal([]byte("["+args), &before) != nil || len(before) == 0 { // an event has a name
			return
		}
		_, args, _ = strings.Cut(string(got), "[")
		if err := json.Unmarshal([]byte("["+args), &then); err != nil || len(then) != len(before)+1 || then[len(before)] != "x.1" {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
