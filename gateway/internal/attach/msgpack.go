package attach

import "encoding/binary"

// packed is a packet of socket.io-msgpack-parser, the one other parser whose packets are read here: a map of type, nsp, data and what else there
// may be, in any order. Only what recovery has to know is.
type packed struct {
	kind byte // as in text: 0 is CONNECT, 2 is EVENT
	nsp  string
	args int // where data begins
	end  int // and where it ends; 0 without data
}

// readPacked reads a packet. False is for what is none.
func readPacked(b []byte) (p packed, ok bool) {
	if len(b) == 0 || b[0]&0xf0 != 0x80 {
		return p, false
	}
	p.kind = 0xff
	at := 1
	for range b[0] & 0x0f {
		key, after := packedText(b, at)
		end := packedEnd(b, after)
		if after == 0 || end == 0 {
			return p, false
		}
		switch key {
		case "type":
			p.kind = b[after]
		case "nsp":
			p.nsp, _ = packedText(b, after)
		case "data":
			p.args, p.end = after, end
		}
		at = end
	}
	return p, at == len(b) && p.kind < 5 && p.nsp != ""
}

// withArgument returns the packet with a short text behind its last argument. False is for what is no event, and for one with more arguments
// than fit.
func (p packed) withArgument(b []byte, text string) ([]byte, bool) {
	if p.kind != 2 || p.end == 0 || len(text) > 31 {
		return nil, false
	}
	var count, head int
	switch c := b[p.args]; {
	case c&0xf0 == 0x90:
		count, head = int(c&0x0f), 1
	case c == 0xdc:
		count, head = int(binary.BigEndian.Uint16(b[p.args+1:])), 3
	}
	if count == 0 || count == 0xffff {
		return nil, false
	}
	with := append(make([]byte, 0, len(b)+len(text)+3), b[:p.args]...)
	if count++; count < 16 {
		with = append(with, 0x90|byte(count))
	} else {
		with = binary.BigEndian.AppendUint16(append(with, 0xdc), uint16(count))
	}
	with = append(with, b[p.args+head:p.end]...)
	with = append(append(with, 0xa0|byte(len(text))), text...)
	return append(with, b[p.end:]...), true
}

// packedText reads a text of up to 65,535 bytes, and returns where it ends; 0 where there is none.
func packedText(b []byte, at int) (text string, end int) {
	if end = packedEnd(b, at); end == 0 {
		return "", 0
	}
	switch c := b[at]; {
	case c&0xe0 == 0xa0:
		return string(b[at+1 : end]), end
	case c == 0xd9:
		return string(b[at+2 : end]), end
	case c == 0xda:
		return string(b[at+3 : end]), end
	}
	return "", 0
}

// packedForms has the values from 0xc0 to 0xdf: how many bytes they have besides the first; of how many bytes a length is, behind
// which are as many bytes, or, of lists and maps, values.
var packedForms = [32]struct{ bytes, length, values int }{
	0x01: {bytes: -1}, // never used
	0x04: {length: 1}, 0x05: {length: 2}, 0x06: {length: 4},
	0x07: {bytes: 1, length: 1}, 0x08: {bytes: 1, length: 2}, 0x09: {bytes: 1, length: 4},
	0x0a: {bytes: 4}, 0x0b: {bytes: 8},
	0x0c: {bytes: 1}, 0x0d: {bytes: 2}, 0x0e: {bytes: 4}, 0x0f: {bytes: 8},
	0x10: {bytes: 1}, 0x11: {bytes: 2}, 0x12: {bytes: 4}, 0x13: {bytes: 8},
	0x14: {bytes: 2}, 0x15: {bytes: 3}, 0x16: {bytes: 5}, 0x17: {bytes: 9}, 0x18: {bytes: 17},
	0x19: {length: 1}, 0x1a: {length: 2}, 0x1b: {length: 4},
	0x1c: {length: 2, values: 1}, 0x1d: {length: 4, values: 1},
	0x1e: {length: 2, values: 2}, 0x1f: {length: 4, values: 2},
}

// packedEnd returns where the value ends that begins at a place; 0 where none does. Each turn takes a byte at least.
func packedEnd(b []byte, at int) int {
	for missing := 1; missing > 0; missing-- {
		if at < 0 || at >= len(b) {
			return 0
		}
		c := b[at]
		at++
		switch {
		case c < 0x80 || c >= 0xe0: // a small number
		case c < 0x90:
			missing += 2 * int(c&0x0f)
		case c < 0xa0:
			missing += int(c & 0x0f)
		case c < 0xc0:
			at += int(c & 0x1f)
		default:
			form := packedForms[c-0xc0]
			if form.bytes < 0 || at+form.length > len(b) {
				return 0
			}
			n := 0
			for _, digit := range b[at:][:form.length] {
				n = n<<8 | int(digit)
			}
			at += form.length + form.bytes
			if form.values > 0 {
				missing += form.values * n
			} else {
				at += n
			}
		}
	}
	if at > len(b) {
		return 0
	}
	return at
}
