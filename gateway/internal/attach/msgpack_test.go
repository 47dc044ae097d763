package attach

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// As notepack.io writes them.
const (
	packedHello   = "83a47479706502a46461746193a568656c6c6f01c40201ffa36e7370a12f" // {type: 2, data: ["hello", 1, <01 ff>], nsp: "/"}
	packedConnect = "83a47479706500a46461746182a3736964a161a3706964a162a36e7370a22f78"
	packedAsked   = "84a47479706502a46461746191a161a2696407a36e7370a12f"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOffsetsAreLaidIntoPackedEvents(t *testing.T) {
	t.Parallel()
	many := append(unhex(t, "83a47479706502a4646174619f"), bytes.Repeat([]byte{0xc0}, 15)...)
	many = append(many, unhex(t, "a36e7370a12f")...)
	for _, test := range []struct {
		name   string
		packet []byte
		want   string // "" is as before
	}{
		{"an event", unhex(t, packedHello), "83a47479706502a46461746194a568656c6c6f01c40201ffa3782e31a36e7370a12f"},
		{"the sixteenth argument", many, "83a47479706502a464617461dc0010" + "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0" + "a3782e31a36e7370a12f"},
		{"behind sixteen", unhex(t, "83a47479706502a464617461dc0010c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0a36e7370a12f"),
			"83a47479706502a464617461dc0011c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0a3782e31a36e7370a12f"},
		{"no event", unhex(t, packedConnect), ""},
		{"an ack", unhex(t, "83a47479706503a46461746191a161a36e7370a12f"), ""},
		{"no argument", unhex(t, "83a47479706502a46461746190a36e7370a12f"), ""},
		{"cut off", unhex(t, packedHello[:len(packedHello)-2]), ""},
		{"with something behind", unhex(t, packedHello+"00"), ""},
		{"something else", []byte{1, 2, 3}, ""},
	} {
		packets, ok := withOffset([]*engineio.Packet{engineio.BinaryMessage(test.packet)}, "x.1")
		want := hex.EncodeToString(test.packet)
		if test.want != "" {
			want = test.want
		}
		if isBinary, got := packets[0].Payload(); !isBinary || hex.EncodeToString(got) != want || ok != (test.want != "") {
			t.Errorf("%s: got %x %v, want %s", test.name, got, ok, want)
		}
	}
}

func TestPackedConnectIsKnownByItsNamespace(t *testing.T) {
	t.Parallel()
	if p, ok := readPacked(unhex(t, packedConnect)); !ok || p.kind != 0 || p.nsp != "/x" {
		t.Errorf("got %+v %v", p, ok)
	}
}

func FuzzPackedPacketsAreReadOrLeft(f *testing.F) {
	for _, seed := range []string{packedHello, packedConnect, packedAsked, "81a1ffdfffffffff", "82a464617461ddffffffff", "df", ""} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := readPacked(b)
		if !ok {
			return
		}
		with, ok := p.withArgument(b, "x.1")
		if !ok {
			return
		}
		again, ok := readPacked(with)
		if !ok || again.nsp != p.nsp || again.kind != p.kind || again.end-again.args < p.end-p.args+4 {
			t.Fatalf("%x became %x: %+v, then %+v", b, with, p, again)
		}
	})
}
