package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestOutlineNamesKeysAndTypesAndNoValue(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"roomId":{"id":"secret"},"text":7,"at":null,"to":["secret"],"ok":true,"x":"secret"}`: "{roomId:object text:number at:null to:array ok:boolean x:string}",
		`{"dear diary":1,"eyJhbGciOi":1,"0612345678":1,"` + strings.Repeat("k", 31) + `":1}`:   "{and 4 more}",
		`{}`: "{}", `"secret"`: "string", `[1]`: "array", `5`: "number",
	} {
		if got := Outline(json.RawMessage(payload)); got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
	}
}

func TestOutlineIsShort(t *testing.T) {
	t.Parallel()
	for _, keys := range []int{200, 1000} {
		var o []string
		for i := range keys {
			o = append(o, fmt.Sprintf(`"%s%03d":1`, strings.Repeat("k", 20), i))
		}
		if got := Outline(json.RawMessage("{" + strings.Join(o, ",") + "}")); len(got) > maxOutlined*50 {
			t.Errorf("%d keys: %d bytes: %s", keys, len(got), got)
		}
	}
}

func FuzzOutline(f *testing.F) {
	f.Add(`{"a":1,"b":[{}],"__proto__":null}`)
	f.Fuzz(func(t *testing.T, payload string) {
		if !json.Valid([]byte(payload)) {
			return
		}
		payload = strings.TrimLeft(payload, " \t\r\n") // as the argument of an event comes
		if got := Outline(json.RawMessage(payload)); len(got) > maxOutlined*50 {
			t.Errorf("%d bytes", len(got))
		}
	})
}
