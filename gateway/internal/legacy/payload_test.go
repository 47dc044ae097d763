package legacy

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestPayloadsCountAsJavaScriptDoes(t *testing.T) {
	t.Parallel()
	for units, inBytes := range map[string]string{
		"":                    "",
		"1:2":                 "1:2",
		`2:4013:42["hé€😀",1]`: `2:4018:42["hé€😀",1]`,
		"3:4😀1:6":             "5:4😀1:6",
		"6:b4AQL/":            "6:b4AQL/",
		"41:451-[\"bin\",{\"_placeholder\":true,\"num\":0}]": "41:451-[\"bin\",{\"_placeholder\":true,\"num\":0}]",
	} {
		got, err := bytesFromUnits([]byte(units))
		if err != nil || string(got) != inBytes {
			t.Errorf("%q in bytes is %q, %v; want %q", units, got, err, inBytes)
		}
		if back := unitsFromBytes([]byte(inBytes)); string(back) != units {
			t.Errorf("%q in units is %q, want %q", inBytes, back, units)
		}
	}
}

func FuzzPayload(f *testing.F) {
	for _, seed := range []string{"", "1:2", `2:4013:42["hé€😀",1]`, "2:4😀", "0:", "1:", ":", "99999999999:4", "1:\xff", "-1:4"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		inBytes, err := bytesFromUnits(payload)
		if err != nil {
			return
		}
		again, err := bytesFromUnits(unitsFromBytes(inBytes))
		if err != nil || !bytes.Equal(again, inBytes) {
			t.Errorf("%q became %q, and then %q, %v (valid %v)", payload, inBytes, again, err, utf8.Valid(payload))
		}
	})
}
