package engineio

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestPacketsAreWholeFramesOfTheShortestForm(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 124, 125, 126, 65534, 65535, 65536, 200_000} {
		data := bytes.Repeat([]byte("x"), size)
		for _, test := range []struct {
			packet *Packet
			want   ws.Frame
		}{
			{Message(data), ws.NewTextFrame(append([]byte("4"), data...))},
			{BinaryMessage(data), ws.NewBinaryFrame(data)},
		} {
			if want := ws.MustCompileFrame(test.want); !bytes.Equal(test.packet.frame, want) {
				t.Errorf("%d bytes: frame begins %x, want %x", size, test.packet.frame[:2], want[:2])
			}
		}
	}
}

func TestMessageCopiesItsData(t *testing.T) {
	t.Parallel()
	data := []byte("before")
	text, binary := Message(data), BinaryMessage(data)
	copy(data, "after!")
	if !bytes.HasSuffix(text.frame, []byte("before")) || !bytes.HasSuffix(binary.frame, []byte("before")) {
		t.Error("a packet changed with the data that it was made from")
	}
}

func TestTextPackets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in      string
		kind    byte
		payload string
		err     error
	}{
		{"", 0, "", errEmptyPacket},
		{"0{}", typeOpen, "{}", nil},
		{"1", typeClose, "", nil},
		{"2", typePing, "", nil},
		{"2probe", typePing, "probe", nil},
		{"3", typePong, "", nil},
		{"4", typeMessage, "", nil},
		{"4é€😀", typeMessage, "é€😀", nil},
		{"5", typeUpgrade, "", nil},
		{"6", typeNoop, "", nil},
		{"7", 0, "", errUnknownPacket},
		{"/", 0, "", errUnknownPacket},
		{"abc", 0, "", errUnknownPacket},
		{"\x00", 0, "", errUnknownPacket},
		{"bAQID", typeBinary, "\x01\x02\x03", nil},
		{"bAwQ=", typeBinary, "\x03\x04", nil},
		{"bAwQ", typeBinary, "\x03\x04", nil}, // Node is as lenient
		{"b-_-_", typeBinary, "\xfb\xff\xbf", nil},
		{"b+/+/", typeBinary, "\xfb\xff\xbf", nil},
		{"b", typeBinary, "", nil},
		{"b!", typeBinary, "", errBadBase64},
	} {
		kind, payload, err := decodeText([]byte(test.in))
		if !errors.Is(err, test.err) || err == nil && (kind != test.kind || string(payload) != test.payload) {
			t.Errorf("%q: got %q %q %v, want %q %q %v", test.in, kind, payload, err, test.kind, test.payload, test.err)
		}
	}
}

func FuzzTextPacket(f *testing.F) {
	for _, seed := range []string{"", "0{}", "2probe", "3", "4hello", "4", "6", "7", "bAQID", "bAwQ=", "b-_==", "b===="} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		kind, payload, err := decodeText(data)
		switch {
		case !bytes.Equal(data, before):
			t.Fatal("the input was changed")
		case err != nil:
		case kind == typeBinary:
			standard := strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "").Replace(strings.TrimRight(string(data[1:]), "="))
			want, err := base64.RawStdEncoding.DecodeString(standard)
			if err != nil || !bytes.Equal(payload, want) {
				t.Fatalf("got %x, want %x, %v", payload, want, err)
			}
		case kind != data[0] || !bytes.Equal(payload, data[1:]):
			t.Fatalf("got %q %q", kind, payload)
		}
	})
}
