//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// serverFrames encodes payloads as a server does, of every length of header.
func serverFrames(payloads ...[]byte) []byte {
	var b []byte
	for _, p := range payloads {
		if len(p) > 65535 {
			b = append(b, 0x80|opText, 127, 0, 0, 0, 0, byte(len(p)>>24), byte(len(p)>>16), byte(len(p)>>8), byte(len(p)))
		} else {
			b = appendHeader(b, len(p))
		}
		b = append(b, p...)
	}
	return b
}

func TestFramesAreTheSameHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	var payloads [][]byte
	var want []string
	for i, length := range []int{0, 1, 125, 126, 127, 511, 512, 513, 65535, 65536, 200_000, 3} {
		p := bytes.Repeat([]byte{byte('a' + i)}, length)
		payloads = append(payloads, p)
		want = append(want, fmt.Sprintf("%d %s", length, p[:min(length, prefixSize)]))
	}
	stream := serverFrames(payloads...)
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		var f frames
		var got []string
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(1+random.IntN(1+int(seed)*2000)))
			err := f.feed(rest[:n], func(opcode byte, prefix []byte, length int) error {
				got = append(got, fmt.Sprintf("%d %s", length, prefix))
				if opcode != opText {
					return errFrame
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: frames were cut wrongly", seed)
		}
	}
}

func TestFramesThatNoServerShouldSendAreErrors(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"masked":     {0x81, 0x81, 1, 2, 3, 4, 'x'},
		"fragment":   {0x01, 0x01, 'x'},
		"compressed": {0xc1, 0x01, 'x'},
	} {
		var f frames
		if err := f.feed(b, func(byte, []byte, int) error { return nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMaskedFrameReadsBack(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 5, 125, 126, 1000} {
		payload := bytes.Repeat([]byte("x"), length)
		mask := [4]byte{1, 2, 3, 4}
		frame := appendMasked(nil, mask, payload)
		header := 2
		if length >= 126 {
			header = 4
		}
		if frame[1]&0x80 == 0 || !bytes.Equal(frame[header:header+4], mask[:]) {
			t.Fatalf("%d bytes: not masked", length)
		}
		unmasked := frame[header+4:]
		for i := range unmasked {
			unmasked[i] ^= mask[i&3]
		}
		if !bytes.Equal(unmasked, payload) {
			t.Errorf("%d bytes: the payload does not read back", length)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(serverFrames([]byte("2"), []byte("42[]")), 3)
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 5)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		read := func(parts ...[]byte) (lengths []int, failed bool) {
			var f frames
			for _, p := range parts {
				if f.feed(p, func(_ byte, prefix []byte, length int) error {
					if len(prefix) != min(length, prefixSize) {
						t.Fatalf("%d bytes of %d", len(prefix), length)
					}
					lengths = append(lengths, length)
					return nil
				}) != nil {
					return lengths, true
				}
			}
			return lengths, false
		}
		at = min(max(at, 0), len(stream))
		whole, failed := read(stream)
		split, splitFailed := read(stream[:at], stream[at:])
		if failed != splitFailed || fmt.Sprint(whole) != fmt.Sprint(split) {
			t.Fatalf("whole: %v %v, split at %d: %v %v", whole, failed, at, split, splitFailed)
		}
	})
}
