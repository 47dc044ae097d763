//go:build linux

package main

import (
	"encoding/binary"
	"errors"
)

// prefixSize is how many bytes of a payload are kept for looking at. The rest is only counted.
const prefixSize = 512

const opText = 1

var errFrame = errors.New("a WebSocket frame that no server should send")

// frames cuts a stream of WebSocket frames from a server into frames. The zero value is ready.
type frames struct {
	head    []byte // of a header that has not arrived whole
	opcode  byte
	length  int
	missing int    // bytes of the payload that are still to come
	prefix  []byte // of a payload that did not arrive whole
}

// feed calls take for every frame that ends in b, with at most prefixSize bytes of its payload and the payload's whole
// length. The prefix is valid until take returns.
func (f *frames) feed(b []byte, take func(opcode byte, prefix []byte, length int) error) error {
	for len(b) > 0 {
		if f.missing > 0 {
			n := min(f.missing, len(b))
			f.prefix = append(f.prefix, b[:min(n, prefixSize-len(f.prefix))]...)
			f.missing -= n
			b = b[n:]
			if f.missing > 0 {
				return nil
			}
			prefix := f.prefix
			f.prefix = f.prefix[:0]
			if err := take(f.opcode, prefix, f.length); err != nil {
				return err
			}
			continue
		}
		header := b
		if len(f.head) > 0 {
			f.head = append(f.head, b[0])
			b = b[1:]
			header = f.head
		}
		size, length, err := parseHeader(header)
		if err != nil {
			return err
		}
		if size == 0 {
			if len(f.head) == 0 {
				f.head = append(f.head, b...)
				return nil
			}
			continue
		}
		f.opcode = header[0] & 0xf
		if len(f.head) > 0 {
			f.head = f.head[:0]
		} else {
			b = b[size:]
		}
		if len(b) >= length {
			if err := take(f.opcode, b[:min(length, prefixSize)], length); err != nil {
				return err
			}
			b = b[length:]
			continue
		}
		f.length, f.missing = length, length
	}
	return nil
}

// parseHeader returns the header's size and the payload's length, or size 0 if b holds no whole header.
func parseHeader(b []byte) (size, length int, err error) {
	if len(b) < 2 {
		return 0, 0, nil
	}
	if b[0]&0xf0 != 0x80 || b[1]&0x80 != 0 { // whole, without extensions, not masked
		return 0, 0, errFrame
	}
	switch short := b[1]; {
	case short < 126:
		return 2, int(short), nil
	case short == 126:
		if len(b) < 4 {
			return 0, 0, nil
		}
		return 4, int(binary.BigEndian.Uint16(b[2:])), nil
	default:
		if len(b) < 10 {
			return 0, 0, nil
		}
		long := binary.BigEndian.Uint64(b[2:])
		if long > 1<<31 {
			return 0, 0, errFrame
		}
		return 10, int(long), nil
	}
}

// appendHeader appends the header of a text frame as a server sends it.
func appendHeader(b []byte, length int) []byte {
	if length < 126 {
		return append(b, 0x80|opText, byte(length))
	}
	return binary.BigEndian.AppendUint16(append(b, 0x80|opText, 126), uint16(length))
}

// appendMasked appends a text frame of at most 65,535 bytes as a client sends it.
func appendMasked(b []byte, mask [4]byte, payload []byte) []byte {
	b = appendHeader(b, len(payload))
	if len(payload) < 126 {
		b[len(b)-1] |= 0x80
	} else {
		b[len(b)-3] |= 0x80
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}
