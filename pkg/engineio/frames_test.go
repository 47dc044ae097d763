package engineio

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// frame returns a masked frame as a client sends it. First is the first byte: FIN, RSV and opcode.
func frame(first byte, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.Frame{
		Header: ws.Header{
			Fin: first&0x80 != 0, Rsv: first >> 4 & 7, OpCode: ws.OpCode(first & 15), Length: int64(len(payload)),
		},
		Payload: []byte(payload),
	}))
}

// The first byte of frames that are parts of a message.
const (
	partText   = 0x01
	partBinary = 0x02
	part       = 0x00
	finPart    = 0x80
	finPing    = 0x89
)

// heard is a sink that writes down what it is told.
type heard []string

func (h *heard) frame(opcode ws.OpCode, data []byte) bool {
	*h = append(*h, fmt.Sprintf("%d:%s", opcode, data))
	return opcode != ws.OpClose
}

// limited is the sink with a limit.
type limited struct {
	*heard
	most int
}

func (l limited) limit() int { return l.most }

// hear feeds a copy of data, in pieces that end at the cuts, as one connection would.
func hear(data []byte, limit int, cuts ...int) (heard, error) {
	data = bytes.Clone(data)
	var h heard
	var a assembly
	start := 0
	for _, end := range append(cuts, len(data)) {
		before := len(h)
		if err := a.feed(new(decoder), data[start:end:end], limited{&h, limit}); err != nil {
			return h, err
		}
		if len(h) > before && strings.HasPrefix(h[len(h)-1], "8:") {
			return h, nil
		}
		start = end
	}
	return h, nil
}

var streams = map[string]struct {
	data []byte
	want heard
	err  error
}{
	"empty":            {nil, nil, nil},
	"text":             {frame(finText, "42[\"a\"]"), heard{`1:42["a"]`}, nil},
	"empty text":       {frame(finText, ""), heard{"1:"}, nil},
	"binary":           {frame(finBinary, "\x00\xff"), heard{"2:\x00\xff"}, nil},
	"16-bit length":    {frame(finText, strings.Repeat("x", 300)), heard{"1:" + strings.Repeat("x", 300)}, nil},
	"two":              {slices.Concat(frame(finText, "a"), frame(finText, "b")), heard{"1:a", "1:b"}, nil},
	"fragments":        {slices.Concat(frame(partText, "a"), frame(part, "b"), frame(finPart, "c"), frame(finText, "d")), heard{"1:abc", "1:d"}, nil},
	"binary fragments": {slices.Concat(frame(partBinary, "\xff"), frame(finPart, "\xfe")), heard{"2:\xff\xfe"}, nil},
	"ping in between":  {slices.Concat(frame(partText, "a"), frame(finPing, "p"), frame(finPart, "b")), heard{"9:p", "1:ab"}, nil},
	"rune in two":      {slices.Concat(frame(partText, "\xc3"), frame(finPart, "\xa9")), heard{"1:é"}, nil},
	"empty fragments":  {slices.Concat(frame(partText, ""), frame(part, ""), frame(finPart, "")), heard{"1:"}, nil},
	"close ends it":    {slices.Concat(frame(finText, "a"), frame(finClose, ""), frame(finText, "b")), heard{"1:a", "8:"}, nil},
	"message, fault":   {slices.Concat(frame(finText, "a"), frame(0xF1, "b")), heard{"1:a"}, errProtocol},
	"too long":         {frame(finText, strings.Repeat("x", 1001)), nil, errTooBig},
	"too long in two":  {slices.Concat(frame(partText, strings.Repeat("x", 600)), frame(finPart, strings.Repeat("x", 401))), nil, errTooBig},
	"not UTF-8":        {frame(finText, "\xff"), nil, errNotUTF8},
}

func TestFramesCutAnywhereAreTheSameMessages(t *testing.T) {
	t.Parallel()
	for name, stream := range streams {
		check := func(cuts ...int) {
			t.Helper()
			got, err := hear(stream.data, 1000, cuts...)
			if !slices.Equal(got, stream.want) || !errors.Is(err, stream.err) {
				t.Fatalf("%s, cut at %v: got %q, %v, want %q, %v", name, cuts, got, err, stream.want, stream.err)
			}
		}
		check()
		every := make([]int, len(stream.data))
		for i := range stream.data {
			check(i)
			every[i] = i
		}
		check(every...)
	}
}

func FuzzFramesCutAnywhere(f *testing.F) {
	for _, stream := range streams {
		f.Add(stream.data, uint16(len(stream.data)/2))
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		whole, wholeErr := hear(data, 1000)
		every := make([]int, len(data))
		for i := range data {
			every[i] = i
		}
		for _, cuts := range [][]int{{min(int(cut), len(data))}, every} {
			got, err := hear(data, 1000, cuts...)
			if !slices.Equal(got, whole) || !errors.Is(err, wholeErr) {
				t.Fatalf("cut at %v: got %q, %v, want %q, %v", cuts, got, err, whole, wholeErr)
			}
		}
	})
}

// 64 KiB behind an upgrade made 250 KB of garbage.
func TestALargeFrameThatComesInPiecesIsCopiedAFewTimesAndHoldsTwiceOfThemAtMost(t *testing.T) {
	t.Parallel()
	whole := frame(finPart|partText, strings.Repeat("x", 1<<15))
	var d decoder
	var a assembly
	moves, room := 0, 0
	for at := 0; at < len(whole); at += 4096 {
		var h heard
		if err := a.feed(&d, bytes.Clone(whole[at:min(at+4096, len(whole))]), limited{&h, 1 << 20}); err != nil {
			t.Fatal(err)
		}
		if has := cap(a.partial); has != room && len(a.partial) > 0 {
			moves, room = moves+1, has
		}
		if sent := at + 4096; room > 2*sent+4096 {
			t.Errorf("%d bytes are held for %d", room, sent)
		}
	}
	if moves > 3 {
		t.Errorf("it was copied %d times", moves)
	}
}

func TestPartialFramesAreForgottenOnceComplete(t *testing.T) {
	t.Parallel()
	var a assembly
	var h heard
	data := frame(finText, strings.Repeat("x", 900))
	a.feed(new(decoder), data[:500], limited{&h, 1000})
	if a.empty() {
		t.Fatal("half a frame was not kept")
	}
	a.feed(new(decoder), data[500:], limited{&h, 1000})
	if !a.empty() || a.partial != nil || a.message != nil {
		t.Errorf("%d and %d bytes are kept", cap(a.partial), cap(a.message))
	}
}
