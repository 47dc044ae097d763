package redisadapter

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Messages of official servers, as they were caught on the wire.
const goldenUID = "Zk3nAp"

var goldenBroadcasts = map[string]struct{ hex, channel, want string }{
	"everybody": {
		"93a65a6b336e417083a47479706502a46461746193a3616c6c01a2c3a9a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
		"socket.io#/#", `all [] [] false [1 "é"]`},
	"rooms, exception, bytes": {
		"93a65a6b336e417083a47479706502a46461746192a374776fc4020102a36e7370a12f83a5726f6f6d7392a27231a27232a665786365707491a27233a5666c61677380",
		"socket.io#/#", `two [r1 r2] [r3] false [bytes 0102]`},
	"one room": {
		"93a65a6b336e417083a474797065 02a46461746192a36f6e6581a16101a36e7370a12f83a5726f6f6d7391a27231a665786365707490a5666c61677380",
		"socket.io#/#r1#", `one [r1] [] false [{"a":1}]`},
	"volatile": {
		"93a65a6b336e417083a47479706502a46461746191a3766f6ca36e7370a12f83a5726f6f6d7391a27231a665786365707490a5666c61677381a8766f6c6174696c65c3",
		"socket.io#/#r1#", `vol [r1] [] true []`},
}

var goldenEmitter = map[string]struct{ hex, channel, ns, want string }{
	"everybody": {
		"93a7656d697474657283a47479706502a46461746192a568656c6c6fa5776f726c64a36e7370a12f83a5726f6f6d7390a5666c61677380a665786365707490",
		"socket.io#/#", "/", `hello [] [] false ["world"]`},
	"bytes": {
		"93a7656d697474657283a47479706502a46461746192a172c40101a36e7370a12f83a5726f6f6d7391a5726f6f6d31a5666c61677380a665786365707490",
		"socket.io#/#room1#", "/", `r [room1] [] false [bytes 01]`},
	"namespace": {
		"93a7656d697474657283a47479706502a46461746192a17801a36e7370a52f6368617483a5726f6f6d7392a161a162a5666c61677381a8766f6c6174696c65c3a665786365707491a163",
		"socket.io#/chat#", "/chat", `x [a b] [c] true [1]`},
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inShort writes what a broadcast is about.
func inShort(m message) string {
	var args []string
	for _, arg := range m.args {
		var b socketio.Binary
		if json.Unmarshal(arg, &b) == nil && string(arg) != "null" {
			args = append(args, fmt.Sprintf("bytes %x", []byte(b)))
		} else {
			args = append(args, string(arg))
		}
	}
	return fmt.Sprintf("%s %s %s %v %s", m.event, m.to.Rooms, m.to.Except, m.to.Volatile, args)
}

func TestBroadcastsOfOfficialServersAreReadAndWrittenByteForByte(t *testing.T) {
	t.Parallel()
	for name, golden := range goldenBroadcasts {
		ours, theirs := classic{"socket.io", goldenUID}, unhex(t, golden.hex)
		m, err := classic{"socket.io", "other_"}.decode("/", golden.channel, theirs)
		if got := inShort(m); err != nil || got != golden.want || m.kind != broadcast || m.uid != goldenUID {
			t.Errorf("%s: read %s, %v, want %s", name, got, err, golden.want)
		}
		channel, payload, err := ours.encode("/", &m)
		if err != nil || channel != golden.channel || !slices.Equal(payload, theirs) {
			t.Errorf("%s: wrote %x to %s, %v\nwant %x to %s", name, payload, channel, err, theirs, golden.channel)
		}
		if !ours.isOwn("/", theirs) || (classic{"socket.io", "other_"}).isOwn("/", theirs) {
			t.Errorf("%s: whose it is was not seen", name)
		}
	}
}

func TestTheEmitterIsRead(t *testing.T) {
	t.Parallel()
	c := newClassic("socket.io")
	for name, golden := range goldenEmitter {
		m, err := c.decode(golden.ns, golden.channel, unhex(t, golden.hex))
		if got := inShort(m); err != nil || got != golden.want || m.uid != "emitter" {
			t.Errorf("%s: %s from %s, %v, want %s", name, got, m.uid, err, golden.want)
		}
		if _, err := c.decode("/other", golden.channel, unhex(t, golden.hex)); err == nil {
			t.Errorf("%s: read in another namespace", name)
		}
	}
}

func TestArgumentsAreEncodedAsNotepackDoes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "c0", `1.5`: "cb3ff8000000000000", `-1`: "ff", `1099511627776`: "cf0000010000000000", `true`: "c3", `false`: "c2",
		`-33`: "d0df", `4294967296`: "cf0000000100000000", `-8589934592`: "d3fffffffe00000000", `1.0`: "01", `1e3`: "cd03e8",
		`[null]`: "91c0", `{"b":1}`: "81a16201", `"\u00e9"`: "a2c3a9", `-0`: "00", ` [ 1 , [ ] , { } ] `: "9301 90 80",
		`[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]`: "dc0010 0102030405060708090a0b0c0d0e0f10",
	} {
		got, err := appendJSON(nil, json.RawMessage(text))
		if err != nil || !slices.Equal(got, unhex(t, want)) {
			t.Errorf("%s: %x, %v, want %s", text, got, err, want)
		}
		if text[0] != ' ' && !strings.ContainsAny(text, `e\`) && text != "1.0" && text != "-0" {
			if back, rest, err := readJSON(got); err != nil || len(rest) > 0 || string(back) != text {
				t.Errorf("%s: read again as %s, %v", text, back, err)
			}
		}
	}
}

func TestOddMsgpackBecomesWhatJavaScriptMakesOfIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"c0": `null`, "d40000": `null`, "d6ff00000000": `"1970-01-01T00:00:00.000Z"`, "d7ff1d5353006553f100": `"2023-11-14T22:13:20.123Z"`,
		"c70cff3b8b87c0ffffffffffffffff": `"1969-12-31T23:59:59.999Z"`, "d70000000000000003e8": `"1970-01-01T00:00:01.000Z"`,
		"cb7ff8000000000000": `null`, "cb7ff0000000000000": `null`, "cb4010000000000000": `4`, "ca3fc00000": `1.5`,
		"a3ff4100": `"` + "\ufffd" + `A\u0000"`, "cb444b1ae4d6e2ef50": `1e+21`, "d0df": `-33`,
	} {
		got, rest, err := readJSON(unhex(t, text))
		want := strings.ReplaceAll(want, "\ufffd", `\ufffd`)
		if err != nil || len(rest) > 0 || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	got, _, err := readJSON(unhex(t, "c702000102"))
	var b socketio.Binary
	if err != nil || json.Unmarshal(got, &b) != nil || !slices.Equal(b, []byte{1, 2}) {
		t.Errorf("ArrayBuffer: %x, %v", b, err)
	}
}
