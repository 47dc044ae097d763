package attach

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// op is what a frame of the link says.
type op byte

// Both ways.
const (
	opHello    op = 0x00
	opWelcome  op = 0x01
	opRefused  op = 0x02
	opPing     op = 0x03
	opPong     op = 0x04
	opSettings op = 0x05
)

// From the gateway.
const (
	opPacket    op = 0x10
	opOpen      op = 0x11
	opClosed    op = 0x12
	opUpgraded  op = 0x13
	opAsk       op = 0x14
	opBusHeard  op = 0x15
	opPeers     op = 0x16
	opPresented op = 0x17
	opDraining  op = 0x18
	opRecovered op = 0x19
	opMoved     op = 0x1a
	opHeld      op = 0x1b
	opLetIn     op = 0x1c
	opWords     op = 0x1d
	opEnter     op = 0x1e
	opTurned    op = 0x1f // only to an app that has said that it listens: older ones don't know it
)

// From the app.
const (
	opSend    op = 0x20
	opCast    op = 0x21
	opJoin    op = 0x22
	opLeave   op = 0x23
	opSocket  op = 0x24
	opGone    op = 0x25
	opData    op = 0x26
	opClose   op = 0x27
	opAnswer  op = 0x28
	opBus     op = 0x29
	opReady   op = 0x2a
	opTaken   op = 0x2b
	opBye     op = 0x2c
	opRecover op = 0x2d
	opKeep    op = 0x2e
)

const (
	maxFrame  = 64 << 20 // bytes of an op and its body
	maxParts  = 11       // of a client's packet: its head and 10 attachments, which is all that official parsers of servers take
	headBytes = 4        // the length before a frame
	leastPart = 2        // bytes of a part: its kind and its length
)

// part is one message of the engine: the head of a packet, or an attachment.
type part struct {
	binary bool
	data   []byte
}

// begin starts a frame, which end finishes.
func begin(b []byte, o op) []byte { return append(b, 0, 0, 0, 0, byte(o)) }

// end writes the length of the frame that began at start.
func end(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-headBytes))
	return b
}

// frame returns a whole frame.
func frame(o op, body ...byte) []byte { return end(append(begin(nil, o), body...), 0) }

// jsonFrame returns the frame of an op whose body is JSON. What is encoded has no values that JSON lacks.
func jsonFrame(o op, body any) []byte {
	text, _ := json.Marshal(body)
	return frame(o, text...)
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendList(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, text := range list {
		b = appendText(b, text)
	}
	return b
}

// appendPacket appends the frame of a client's packet.
func appendPacket(b []byte, client uint64, parts ...part) []byte {
	start := len(b)
	b = binary.AppendUvarint(begin(b, opPacket), client)
	b = binary.AppendUvarint(b, uint64(len(parts)))
	for _, p := range parts {
		kind := byte(0)
		if p.binary {
			kind = 1
		}
		b = appendText(append(b, kind), p.data)
	}
	return end(b, start)
}

var (
	errTooLong   = errors.New("a frame longer than 64 MiB, or empty")
	errTruncated = errors.New("an op that is shorter than it says")
	errTrailing  = errors.New("an op with bytes behind its end")
	errParts     = errors.New("a packet of no parts, or too many")
)

// readFrame reads the next frame into buf, or a larger one, which it returns for the next.
func readFrame(r io.Reader, buf []byte, most uint32) (o op, body, next []byte, err error) {
	var head [headBytes + 1]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, buf, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 || length > most {
		return 0, nil, buf, errTooLong
	}
	o, length = op(head[headBytes]), length-1
	body, buf, err = readBody(r, buf, int(length))
	return o, body, buf, err
}

// keptBuffer is how large a link's buffer may stay once a large frame has been read.
const keptBuffer = 1 << 20

// readBody reads n bytes, and believes in them only as they come: who says 64 MiB has to send them.
func readBody(r io.Reader, buf []byte, n int) (body, next []byte, err error) {
	if cap(buf) > keptBuffer && n <= keptBuffer {
		buf = nil
	}
	buf = buf[:0]
	for len(buf) < n {
		step := min(n-len(buf), max(keptBuffer, len(buf)))
		if cap(buf)-len(buf) < step {
			buf = append(make([]byte, 0, len(buf)+step), buf...)
		}
		part := buf[len(buf) : len(buf)+step]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, buf, err
		}
		buf = buf[:len(buf)+step]
	}
	return buf, buf, nil
}

// decoder takes a body apart. Once something is missing, everything that follows is zero, and done tells why. What it returns is
// valid as long as the body, but for strings.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.rest, d.err = nil, err
	}
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail(errTruncated)
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail(errTruncated)
		return nil
	}
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return text
}

func (d *decoder) string() string { return string(d.bytes()) }

func (d *decoder) list() []string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // each takes a byte at least
		d.fail(errTruncated)
		return nil
	}
	list := make([]string, 0, min(n, 1024))
	for range n {
		list = append(list, d.string())
	}
	return list
}

// packet returns the packets of the engine that a packet of Socket.IO is. How many attachments an app may emit is between it and its clients:
// natively it has no bound either.
func (d *decoder) packet() []*engineio.Packet {
	n := d.uvarint()
	if n < 1 || n > uint64(len(d.rest)/leastPart) {
		d.fail(errParts)
		return nil
	}
	packets := make([]*engineio.Packet, 0, n)
	for range n {
		if kind := d.byte(); kind == 0 {
			packets = append(packets, engineio.Message(d.bytes()))
		} else {
			packets = append(packets, engineio.BinaryMessage(d.bytes()))
		}
	}
	return packets
}

// json decodes all that is left.
func (d *decoder) json(into any) {
	if err := json.Unmarshal(d.rest, into); err != nil && d.err == nil {
		d.fail(errors.New("an op that is not the JSON it should be")) // the error would repeat what is in it
		return
	}
	d.rest = nil
}

// done returns why the body can't be understood: it has to be used up.
func (d *decoder) done() error {
	if d.err == nil && len(d.rest) > 0 {
		return errTrailing
	}
	return d.err
}

func unknownOp(o op) error { return fmt.Errorf("an unknown op, 0x%02x", byte(o)) }
