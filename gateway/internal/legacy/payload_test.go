package legacy

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/googollee/go-socket.io/engineio/frame"
	"github.com/googollee/go-socket.io/engineio/packet"
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

// What is not whole had the transports' reader go round without end.
func TestOnlyWholePacketsReachTheTransports(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		"2:401:6": "2:401:6", "1:12:40": "1:1", "2:b4": "2:b4", "10:b4AQIDBA==": "10:b4AQIDBA==",
		"1:61:7": "", "1:6x": "", "1:b": "", "2:bb": "", "4:b4AQ": "", "3:b4#": "", "1:é": "", "1:60:": "", "1: ": "",
	} {
		if got, err := bytesFromUnits([]byte(payload)); string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v; want %q", payload, got, err, want)
		}
	}
	for payload, want := range map[string]string{
		"": "", "\x00\x01\xff6": "\x00\x01\xff6", "\x00\x02\xff40\x01\x03\xff\x04ab": "\x00\x02\xff40\x01\x03\xff\x04ab",
		"\x00\x01\xff1\x00\x02\xff40": "\x00\x01\xff1", "\x01\x01\xff\x01\x09": "\x01\x01\xff\x01",
	} {
		if got, err := wholeFrames([]byte(payload)); string(got) != want || err != nil {
			t.Errorf("%q became %q, %v; want %q", payload, got, err, want)
		}
	}
	for _, payload := range []string{
		"\x00\x01\xff6\x09", "\x00\x01\xff6\x00", "\x02\x01\xff6", "\x00\xff6", "\x00\x00\xff", "\x00\x02\xff6", "\x00\x0a\xff6", "\x00\x01\xff7", "\x01\x01\xff4",
		"\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff6", "\x00\x01", "4",
	} {
		if got, err := wholeFrames([]byte(payload)); err == nil {
			t.Errorf("%q became %q", payload, got)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x02\xff40\x01\x03\xff\x04ab"))
	f.Add([]byte("\x00\x01\xff1\x00\x02\xff40"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		whole, err := wholeFrames(payload)
		if err != nil {
			return
		}
		if again, err := wholeFrames(whole); err != nil || !bytes.Equal(again, whole) || !bytes.HasPrefix(payload, whole) {
			t.Errorf("%q became %q, and then %q, %v", payload, whole, again, err)
		}
	})
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

func TestAPayloadOfOnePacketIsCutIntoIt(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "x", "[\"hé😀\"]", strings.Repeat("y", 1234), "\x00\xff"} {
		for _, kind := range []frame.Type{frame.String, frame.Binary} {
			for _, asBytes := range []bool{false, true} {
				payload := payloadOf(kind, packet.MESSAGE, []byte(data), asBytes)
				whole, err := payload, error(nil)
				if asBytes {
					whole, err = wholeFrames(payload)
				} else if utf8.ValidString(data) {
					whole, err = bytesFromUnits(unitsFromBytes(payload))
				}
				if err != nil {
					t.Fatalf("%q: %v", payload, err)
				}
				gotKind, of, got, rest, err := cutPacket(append(whole, whole...), asBytes)
				if gotKind != kind || of != packet.MESSAGE || string(got) != data || string(rest) != string(whole) || err != nil {
					t.Errorf("%q is %d %s %q, and then %q, %v", payload, gotKind, of, got, rest, err)
				}
			}
		}
	}
}
