package legacy

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/googollee/go-socket.io/engineio/frame"
	"github.com/googollee/go-socket.io/engineio/packet"
)

// A text payload of Engine.IO 3 is `length:packet` again and again. Clients count UTF-16 code units,
// as JavaScript does; googollee's transports count bytes.

var errPayload = errors.New("payload can't be read")

// The transports take a packet that they don't know for one to skip, and go on with the next without end where they can't read that. So whatever
// is not whole, packet by packet, never reaches them. What comes behind a goodbye is dropped: they would not read it.

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
		if n <= 0 || !isPacket(rest[:n]) { // a packet has at least its type
			return nil, errPayload
		}
		out = appendPacket(out, n, rest[:n])
		if rest[0] == goodbyeType {
			break
		}
		payload = rest[n:]
	}
	return out, nil
}

const goodbyeType = '1'

// isPacket tells whether a text is a packet: its type, behind a b where base64 follows.
func isPacket(text []byte) bool {
	if data, binary := bytes.CutPrefix(text, []byte("b")); binary {
		return len(data) > 0 && isType(data[0]) && isBase64(data[1:])
	}
	return isType(text[0])
}

func isType(c byte) bool { return '0' <= c && c <= '6' }

func isBase64(text []byte) bool {
	_, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(text))), text)
	return err == nil
}

// maxFrameDigits is more than MaxPayload can have.
const maxFrameDigits = 10

// wholeFrames returns a client's binary payload up to its goodbye: 0 or 1, for a text or bytes, the digits of a length, 255 and the packet, again and
// again. The types of bytes are bytes.
func wholeFrames(payload []byte) ([]byte, error) {
	for rest := payload; len(rest) > 0; {
		kind := rest[0]
		digits, after, ok := bytes.Cut(rest[1:], []byte{255})
		if kind > 1 || !ok || len(digits) == 0 || len(digits) > maxFrameDigits {
			return nil, errPayload
		}
		n := 0
		for _, digit := range digits {
			if digit > 9 {
				return nil, errPayload
			}
			n = 10*n + int(digit)
		}
		if n == 0 || n > len(after) {
			return nil, errPayload
		}
		packetType := after[0] + '0'*kind
		if !isType(packetType) {
			return nil, errPayload
		}
		rest = after[n:]
		if packetType == goodbyeType {
			return payload[:len(payload)-len(rest)], nil
		}
	}
	return payload, nil
}

// cutPacket parts the first packet from a payload that is whole, with lengths in bytes.
func cutPacket(payload []byte, isBytes bool) (kind frame.Type, of packet.Type, data, rest []byte, err error) {
	n, end := 0, byte(':')
	if isBytes {
		kind, end, payload = frame.Type(payload[0]), 255, payload[1:]
	}
	for ; payload[0] != end; payload = payload[1:] {
		n = 10*n + int(payload[0]&15) // a digit, or its character
	}
	data, rest = payload[1:n+1], payload[n+1:]
	if isBase64 := !isBytes && data[0] == 'b'; isBase64 {
		kind, data = frame.Binary, data[1:]
		of = packet.ByteToPacketType(data[0], frame.String)
		data, err = base64.StdEncoding.AppendDecode(nil, data[1:])
		return kind, of, data, rest, err
	}
	return kind, packet.ByteToPacketType(data[0], kind), data[1:], rest, nil
}

// payloadOf is a payload of one packet, with its length in bytes.
func payloadOf(kind frame.Type, of packet.Type, data []byte, asBytes bool) []byte {
	switch {
	case !asBytes && kind == frame.Binary:
		text := base64.StdEncoding.AppendEncode([]byte{'b', of.StringByte()}, data)
		return appendPacket(nil, len(text), text)
	case !asBytes:
		return appendPacket(nil, len(data)+1, append([]byte{of.StringByte()}, data...))
	}
	payload := []byte{kind.Byte()}
	for _, digit := range strconv.Itoa(len(data) + 1) {
		payload = append(payload, byte(digit-'0'))
	}
	payload = append(payload, 255, of.StringByte())
	if kind == frame.Binary {
		payload[len(payload)-1] = of.BinaryByte()
	}
	return append(payload, data...)
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
