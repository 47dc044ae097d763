package legacy

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// A text payload of Engine.IO 3 is `length:packet` again and again. Clients count UTF-16 code units,
// as JavaScript does; googollee's transports count bytes.

var errPayload = errors.New("payload can't be read")

// bytesFromUnits returns a client's payload with lengths in bytes.
func bytesFromUnits(payload []byte) ([]byte, error) {
	out := make([]byte, 0, len(payload)+8)
	for len(payload) > 0 {
		digits, rest, ok := bytes.Cut(payload, []byte{':'})
		units, err := strconv.ParseUint(string(digits), 10, 31)
		if !ok || err != nil {
			return nil, errPayload
		}
		n := prefixOfUnits(rest, int(units))
		if n <= 0 { // a packet has at least its type
			return nil, errPayload
		}
		out = appendPacket(out, n, rest[:n])
		payload = rest[n:]
	}
	return out, nil
}

// unitsFromBytes returns a payload of the transports with lengths in code units. What is none
// comes back as it is.
func unitsFromBytes(payload []byte) []byte {
	out := make([]byte, 0, len(payload))
	for rest := payload; len(rest) > 0; {
		digits, after, ok := bytes.Cut(rest, []byte{':'})
		n, err := strconv.Atoi(string(digits))
		if !ok || err != nil || n < 0 || n > len(after) {
			return payload
		}
		out = appendPacket(out, units(after[:n]), after[:n])
		rest = after[n:]
	}
	return out
}

func appendPacket(b []byte, length int, packet []byte) []byte {
	b = strconv.AppendInt(b, int64(length), 10)
	b = append(b, ':')
	return append(b, packet...)
}

// prefixOfUnits returns how many bytes of text make so many code units, or -1 if none do.
func prefixOfUnits(text []byte, want int) int {
	n := 0
	for want > 0 {
		if n == len(text) {
			return -1
		}
		r, size := utf8.DecodeRune(text[n:])
		want -= unitsOf(r)
		n += size
	}
	if want < 0 { // in the middle of a surrogate pair
		return -1
	}
	return n
}

func units(text []byte) int {
	n := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		n += unitsOf(r)
		text = text[size:]
	}
	return n
}

func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
