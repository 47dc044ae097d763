package engineio

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Packet types, as the first character of a text packet.
// https://github.com/socketio/engine.io-protocol, "Packet types".
const (
	typeOpen    = '0'
	typeClose   = '1'
	typePing    = '2'
	typePong    = '3'
	typeMessage = '4'
	typeUpgrade = '5'
	typeNoop    = '6'
	// typeBinary starts a text packet that carries binary data in base64.
	typeBinary = 'b'
)

// WebSocket opcodes with the FIN bit, RFC 6455 section 5.2.
const (
	finText   = 0x81
	finBinary = 0x82
	finClose  = 0x88
	finPong   = 0x8A
)

// Packet is one encoded packet. It never changes once made, so one Packet may wait in the queues
// of any number of sessions: that is what makes a broadcast cheap.
type Packet struct {
	frame []byte // a whole WebSocket frame
}

// Message returns a text message packet that carries data. Data is copied.
func Message(data []byte) *Packet {
	frame := appendFrameHeader(make([]byte, 0, frameRoom(len(data)+1)), finText, len(data)+1)
	frame = append(frame, typeMessage)
	return &Packet{frame: append(frame, data...)}
}

// BinaryMessage returns a binary message packet that carries data. Data is copied.
func BinaryMessage(data []byte) *Packet { return newPacket(finBinary, data) }

// newPacket returns the packet of a WebSocket frame with this payload.
func newPacket(opcode byte, payload []byte) *Packet {
	frame := appendFrameHeader(make([]byte, 0, frameRoom(len(payload))), opcode, len(payload))
	return &Packet{frame: append(frame, payload...)}
}

// Framed returns the packet of which Frame returned this. It keeps the frame, which must not change any more.
func Framed(frame []byte) *Packet { return &Packet{frame: frame} }

// Frame returns the packet as it is sent over WebSocket. The caller must not change it.
func (p *Packet) Frame() []byte { return p.frame }

// packetOverhead is about what a packet takes in memory beside its frame. It makes a queue of
// many tiny packets, such as the pongs of a ping flood, cost what it does.
const packetOverhead = 48

// Len returns the bytes that the packet takes in a queue.
func (p *Packet) Len() int { return len(p.frame) + packetOverhead }

// Payload returns what the packet carries: bytes, or text with the packet's type before it. The
// caller must not change it.
func (p *Packet) Payload() (binary bool, data []byte) {
	return p.frame[0] == finBinary, p.payload()
}

// maxFrameHeader is the longest header of an unmasked frame: 2 bytes and a 64-bit length.
const maxFrameHeader = 10

func frameRoom(payload int) int {
	switch {
	case payload < 126:
		return 2 + payload
	case payload <= 0xFFFF:
		return 4 + payload
	}
	return maxFrameHeader + payload
}

func appendFrameHeader(b []byte, opcode byte, payload int) []byte {
	switch {
	case payload < 126:
		return append(b, opcode, byte(payload))
	case payload <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(b, opcode, 126), uint16(payload))
	}
	return binary.BigEndian.AppendUint64(append(b, opcode, 127), uint64(payload))
}

var (
	errEmptyPacket   = errors.New("empty packet")
	errUnknownPacket = errors.New("unknown packet type")
	errBadBase64     = errors.New("binary packet is not base64")
)

// decodeText splits a text packet into its type and payload. A base64 packet comes back as
// typeBinary with its bytes. The payload may be a part of data.
func decodeText(data []byte) (kind byte, payload []byte, err error) {
	if len(data) == 0 {
		return 0, nil, errEmptyPacket
	}
	switch kind = data[0]; {
	case kind >= typeOpen && kind <= typeNoop:
		return kind, data[1:], nil
	case kind == typeBinary:
		payload, err = decodeBase64(data[1:])
		return kind, payload, err
	}
	return 0, nil, errUnknownPacket
}

// decodeBase64 takes the standard and the URL alphabet, with and without padding, as Node does.
func decodeBase64(data []byte) ([]byte, error) {
	clean := make([]byte, len(data))
	for i, c := range data {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		clean[i] = c
	}
	for len(clean) > 0 && clean[len(clean)-1] == '=' {
		clean = clean[:len(clean)-1]
	}
	n, err := base64.RawStdEncoding.Decode(clean, clean)
	if err != nil {
		return nil, errBadBase64
	}
	return clean[:n], nil
}
