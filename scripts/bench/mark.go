//go:build linux

package main

import (
	"bytes"
	"encoding/hex"
	"time"
)

// textSize is how long every message's text is.
const textSize = 64

// mark is what a message's text says: whose message it is, and when it was due to be sent.
type mark struct {
	room   uint16
	sender uint8  // among those who send in the room
	number uint32 // rises by one per sender, from 1
	sent   int64  // when it was due: Unix time in nanoseconds; one machine has one clock
}

// The text begins with markStart and 15 bytes in hex.
var markStart = []byte("~>")

// appendText appends the mark as a text of textSize bytes.
func (m mark) appendText(b []byte) []byte {
	start := len(b)
	raw := [15]byte{
		byte(m.room >> 8), byte(m.room), m.sender,
		byte(m.number >> 24), byte(m.number >> 16), byte(m.number >> 8), byte(m.number),
		byte(m.sent >> 56), byte(m.sent >> 48), byte(m.sent >> 40), byte(m.sent >> 32),
		byte(m.sent >> 24), byte(m.sent >> 16), byte(m.sent >> 8), byte(m.sent),
	}
	b = hex.AppendEncode(append(b, markStart...), raw[:])
	for len(b)-start < textSize {
		b = append(b, '.')
	}
	return b
}

// findMark returns the first mark in a payload.
func findMark(payload []byte) (mark, bool) {
	at := bytes.Index(payload, markStart)
	if at < 0 {
		return mark{}, false
	}
	var raw [15]byte
	digits := payload[at+len(markStart):]
	if len(digits) < 2*len(raw) {
		return mark{}, false
	}
	if _, err := hex.Decode(raw[:], digits[:2*len(raw)]); err != nil {
		return mark{}, false
	}
	m := mark{room: uint16(raw[0])<<8 | uint16(raw[1]), sender: raw[2]}
	for _, b := range raw[3:7] {
		m.number = m.number<<8 | uint32(b)
	}
	for _, b := range raw[7:] {
		m.sent = m.sent<<8 | int64(b)
	}
	return m, true
}

func now() int64 { return time.Now().UnixNano() }
