package engineio

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"strings"
	"testing"
)

// Captured from the official server.
func TestPayloadsAreTheOfficialOnesToTheByte(t *testing.T) {
	t.Parallel()
	for want, packets := range map[string][]*Packet{
		"42[\"a\",1]\x1e451-[\"b\",{\"_placeholder\":true,\"num\":0},\"x\"]\x1ebAQID\x1e42[\"c\",{\"u\":\"é€😀\"}]": {
			Message([]byte(`2["a",1]`)), Message([]byte(`51-["b",{"_placeholder":true,"num":0},"x"]`)), BinaryMessage([]byte{1, 2, 3}),
			Message([]byte(`2["c",{"u":"é€😀"}]`)),
		},
		"6\x1e1": {pollingNoop, pollingClose},
		"bAwQ=":  {BinaryMessage([]byte{3, 4})},
		"b":      {BinaryMessage(nil)},
		"4":      {Message(nil)},
		"2":      {pingPacket},
	} {
		if got := encodePayload(packets); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Frames have headers of three lengths.
func TestPayloadsHoldMessagesOfAnyLength(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 124, 125, 126, 65534, 65535, 65536} {
		text := strings.Repeat("x", size)
		if got, want := string(encodePayload([]*Packet{Message([]byte(text)), pingPacket})), "4"+text+"\x1e2"; got != want {
			t.Errorf("%d bytes: got %d, want %d", size, len(got), len(want))
		}
	}
}

// What servers encode, clients' payloads decode to, and every packet counts, empty ones too.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{"", "4a", "42[\"hello\"]\x1e42[\"world\"]", "4a\x1ebAQID\x1e", "\x1e\x1e", "bAwQ\x1eb_-\x1e3"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var packets []*Packet
		count := 0
		for data := range splitPayload(body) {
			count++
			switch kind, payload, err := decodeText(data); {
			case err != nil:
			case kind == typeMessage:
				packets = append(packets, Message(payload))
			case kind == typeBinary:
				packets = append(packets, BinaryMessage(payload))
			}
		}
		if want := bytes.Count(body, []byte{separator}) + 1; count != want {
			t.Fatalf("%d packets, want %d", count, want)
		}
		if len(packets) == 0 {
			return
		}
		again := encodePayload(packets)
		i := 0
		for data := range splitPayload(again) {
			kind, payload, err := decodeText(data)
			if err != nil || !bytes.Equal(payload, packetPayload(packets[i], kind)) {
				t.Fatalf("packet %d of %q: %q, %v", i, again, payload, err)
			}
			i++
		}
	})
}

func packetPayload(p *Packet, kind byte) []byte {
	if kind == typeMessage {
		return p.payload()[1:]
	}
	return p.payload()
}

func TestLargeAnswersAreCompressedForWhoTakesIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		accept string
		size   int
		zipped bool
	}{
		{"gzip", compressFrom, true},
		{"gzip", compressFrom - 1, false},
		{"gzip, deflate, br", compressFrom, true},
		{"deflate, GZIP ; q=0.5", compressFrom, true},
		{"deflate,gzip;q=1", compressFrom, true},
		{"", compressFrom, false},
		{"deflate, br", compressFrom, false},
		{"gzip;q=0", compressFrom, false},
		{"gzip; q=0.000, br", compressFrom, false},
		{"gzip;q=x", compressFrom, false},
		{"x-gzip", compressFrom, false},
	} {
		t.Run(test.accept, func(t *testing.T) {
			onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
				p := network.poller().open()
				text := strings.Repeat("x", test.size-1)
				(<-h.opened).Send(Message([]byte(text)))
				got := p.get("Accept-Encoding", test.accept)
				body := got.body
				if zipped := got.header.Get("Content-Encoding") == "gzip"; zipped != test.zipped {
					t.Fatalf("compressed: %v, want %v", zipped, test.zipped)
				}
				if test.zipped {
					body = unzip(t, got.body)
				}
				if body != "4"+text {
					t.Errorf("%d other bytes arrived", len(body))
				}
			})
		})
	}
}

func unzip(t *testing.T, zipped string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The pool's compressors are used in turn: none may leave anything to the next.
func TestCompressedAnswersAreTheirOwn(t *testing.T) {
	t.Parallel()
	for range 20 {
		payload := []byte(rand.Text() + strings.Repeat(rand.Text(), 100))
		if got := unzip(t, string(compress(payload))); got != string(payload) {
			t.Fatalf("got %q, want %q", got, payload)
		}
	}
}
