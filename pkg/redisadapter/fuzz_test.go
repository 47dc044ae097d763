package redisadapter

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// otherSeeds are what servers send each other beside broadcasts.
var otherSeeds = []string{
	`{"uid":"Zk3nAp","type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["r9"]}`,
	`{"uid":"Zk3nAp","type":4,"opts":{"rooms":["r1"],"except":[]},"close":true}`,
	`{"uid":"Zk3nAp","type":6,"data":["sse",1,"a"]}`, `{"uid":"Zk3nAp","requestId":"ScudYO","type":1}`,
	`{"uid":"Zk3nAp","requestId":"KYR5uT","type":5,"opts":{"rooms":[],"except":[]}}`,
	`{"requestId":"q2","rooms":["SID1","r1"]}`, `{"requestId":"q1","sockets":["SID1"]}`, `{"type":6,"requestId":"q6","data":"resp"}`,
	`{"type":8,"requestId":"q7","clientCount":1}`, `{"requestId":"x","type":2,"sid":"s","room":"r"}`,
	`{"requestId":"q1","sockets":[{"id":"a","handshake":{},"rooms":["a",42],"data":null}]}`,
	`{"type":3,"data":{"packet":{"type":2,"data":["one",{"a":1}]},"opts":{"rooms":["r1"],"except":[],"flags":{}}},"uid":"1c7a","nsp":"/"}`,
	`{"type":9,"data":{"packet":["ev",1],"requestId":"x"},"uid":"1c7a","nsp":"/"}`,
	`{"type":3,"data":{"opts":{"kept":"00000000000000070000000000000005","rooms":["r"],"except":[],"flags":{}},"packet":{"type":2,"data":["e"]}},"uid":"1c7a","nsp":"/"}`,
	`{"type":8,"data":{"requestId":"x","sockets":[{"id":"a","rooms":[]}]},"uid":"1c7a","nsp":"/"}`,
}

var binarySeeds = []string{
	"85a3756964a65a6b336e4170a9726571756573744964a66a434a2d455fa47479706507a67061636b657483a47479706502a46461746192a361636b01a36e7370a12fa46f70747383a5726f6f6d7391a27231a665786365707490a5666c61677381a774696d656f757464",
	"83a47479706509a9726571756573744964a27137a67061636b6574ad636c69656e742d616e73776572",
	"d40000", "d7ff1d5353006553f100", "c70cff3b8b87c0ffffffffffffffff", "d70000000000000003e8", "c702000102", "cf0000000100000000",
	"dfffffffffff", "dcffff", "c9ffffffff00", "93a0 81 a4 74797065 02 80",
}

func seed(f *testing.F) {
	for _, text := range otherSeeds {
		f.Add([]byte(text))
	}
	for _, text := range binarySeeds {
		f.Add(unhex(f, text))
	}
	for _, golden := range goldenBroadcasts {
		f.Add(unhex(f, golden.hex))
	}
	for _, golden := range goldenEmitter {
		f.Add(unhex(f, golden.hex))
	}
}

// check fails for what may not reach a client, or may not be sent on.
func check(t *testing.T, w wire, channel string, payload []byte) {
	w.isOwn("/", payload)
	w.glance("/", channel, payload)
	m, err := w.decode("/", channel, payload)
	if err != nil {
		return
	}
	for _, arg := range append(slices.Clone(m.args), orNull(m.ack)) {
		if rawjson.Check(arg) != nil {
			t.Fatalf("an argument that is not JSON: %q", arg)
		}
	}
	if m.within > longestWait || m.within < 0 {
		t.Fatalf("a wait of %v", m.within)
	}
	if m.kind != broadcast || m.request != "" {
		return
	}
	channel, again, err := w.encode("/", &m)
	if err != nil {
		return // deeper than this wire allows together with its own levels
	}
	n, err := w.decode("/", channel, again)
	if err != nil || n.event != m.event || len(n.args) != len(m.args) || (m.order == nil) != (n.order == nil) {
		t.Fatalf("read again:\n%s, %v\nwant\n%s", inShort(n), err, inShort(m))
	}
	if _, twice, err := w.encode("/", &n); err != nil || len(twice) > len(again) {
		t.Fatalf("written again:\n%q, %v\nwant\n%q", twice, err, again)
	}
	if _, o := w.glance("/", channel, again); m.order != nil && again[0] != 0x84 && (o == nil || *o != *m.order) {
		t.Fatalf("the order %v is not seen in %q", *m.order, again)
	}
	if !w.isOwn("/", again) && again[0] != 0x84 { // in msgpack the sharded wire does not look for it
		t.Fatal("not seen to be ours")
	}
}

func FuzzClassicWire(f *testing.F) {
	seed(f)
	c := newClassic("socket.io")
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, channel := range []string{"socket.io#/#", "socket.io#/#room#", "socket.io-request#/#", "socket.io-response#/#"} {
			check(t, c, channel, payload)
		}
	})
}

func FuzzShardedWire(f *testing.F) {
	seed(f)
	s := newSharded("socket.io", false)
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, channel := range []string{"socket.io#/#", "socket.io#/#room#", "socket.io#/#" + s.uid + "#"} {
			check(t, s, channel, payload)
		}
	})
}

// Every JSON value is the same after it has been msgpack, but for how numbers are written and for what JSON.parse would lose too.
func FuzzJSONThroughMsgpack(f *testing.F) {
	for _, text := range []string{`{"a":[1,-1,1.5,1e400,null,true,"é\u0000\ud800"]}`, `[[[[]]]]`, ` { "a" : 1 , "a" : 2 } `, `18446744073709551616`, `""`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		packed, err := appendJSON(nil, json.RawMessage(text))
		if err != nil {
			if rawjson.Check([]byte(text)) == nil && !strings.Contains(text, string(attachmentStart)) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		back, rest, err := readJSON(packed)
		if err != nil || len(rest) > 0 || rawjson.Check(back) != nil {
			t.Fatalf("%q as %x is %q, %v", text, packed, back, err)
		}
		again, err := appendJSON(nil, back)
		if err != nil {
			t.Fatalf("%q again: %v", back, err)
		}
		if twice, _, err := readJSON(again); err != nil || string(twice) != string(back) {
			t.Fatalf("%q is %q, then %q, %v", text, back, twice, err)
		}
	})
}

func TestHostileMessagesAreDroppedAndCounted(t *testing.T) {
	inEach(t, func(t *testing.T, a, b *server) {
		if a.adapter.seal != nil {
			return // seal_test.go
		}
		there := b.member("/", "r")
		deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
		hostile := []string{
			"", "{", "{}", "[]", "null", "\x93", "\xc1", "\x93\xa1x\x80\x80", strings.Repeat("\x91", 1<<20), strings.Repeat("[", 1<<20),
			`{"type":3,"data":{"packet":{"type":2,"data":[` + deep(101) + `]},"opts":{}},"uid":"x","nsp":"/"}`,
			`{"type":4,"data":{"rooms":["taken"]},"uid":"x","nsp":"/"}`, // without opts it would mean everybody
			`{"type":3,"data":{"packet":{"type":2,"data":["disconnect"]},"opts":{}},"uid":"x","nsp":"/"}`,
			`{"type":3,"data":{"packet":{"type":2,"data":[{}]},"opts":{}},"uid":"x","nsp":"/"}`,
			`{"type":3,"data":{"packet":{"type":2,"data":["x"]},"opts":{"rooms":{}}},"uid":"x","nsp":"/"}`,
			`{"type":3,"data":{"packet":{"type":2,"data":["x"]},"opts":{}},"uid":"x","nsp":"/chat"}`,
			string(msgpackOf(t, `["x",{"type":2,"data":["disconnect"],"nsp":"/"},{}]`)),
			string(msgpackOf(t, `["x",{"type":3,"data":["x"],"nsp":"/"},{}]`)),
			string(msgpackOf(t, `["x",{"type":2,"data":["x"],"nsp":"/chat"},{}]`)),
			string(msgpackOf(t, `["x",{"type":2,"data":["x"],"nsp":"/"},{"rooms":[[]]}]`)),
			string(msgpackOf(t, `["x",{"type":2,"data":["x"],"nsp":"/"},{"kept":"00"}]`)),
			strings.Repeat("x", a.adapter.options.MaxMessage+1),
		}
		w := a.adapter.wire
		before := b.watch.droppedBy(InUnreadable)
		for _, payload := range hostile {
			a.publish(w.subscriptions("/")[0].name[:len(a.adapter.options.Prefix)+3], payload)
		}
		a.root.Emit("last")
		there.expectThenLast()
		if n := b.watch.droppedBy(InUnreadable) + b.watch.droppedBy(InUnsealed) - before; n != len(hostile) {
			t.Errorf("%d of %d hostile messages were counted", n, len(hostile))
		}
	})
}

func msgpackOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := appendJSON(nil, json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
