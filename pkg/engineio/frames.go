package engineio

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Why a connection's bytes can't be read on, with the close code that RFC 6455 section 7.4.1 has
// for it.
var (
	errProtocol = errors.New("WebSocket protocol error")
	errTooBig   = errors.New("message longer than maxPayload")
	errNotUTF8  = errors.New("text is not UTF-8")
)

// maxFragments bounds how finely one message may be cut (ws CVE-2026-48779: floods of tiny
// fragments). Browsers don't fragment below 64 KiB or so.
const maxFragments = 1024

// assembly is what a connection keeps between reads, while a frame or a message is incomplete.
type assembly struct {
	partial   []byte // the beginning of a frame
	message   []byte // the fragments of a message so far
	opcode    ws.OpCode
	fragments int
}

func (a *assembly) empty() bool { return len(a.partial) == 0 && a.fragments == 0 }

// decoder is what it takes to read frames, beside the assembly of their connection. It is borrowed for the
// bytes of one read, so that a connection that says nothing does not keep one.
type decoder struct {
	source   bytes.Reader
	header   [ws.MaxHeaderSize]byte
	assembly assembly // for a connection that has none: most messages come whole
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func borrowDecoder() *decoder { return decoders.Get().(*decoder) }

func (d *decoder) giveBack() {
	d.assembly = assembly{}
	d.source.Reset(nil)
	decoders.Put(d)
}

// sink takes what frames hold: whole messages, and control frames. The data is valid during the
// call. False stops the reading.
type sink interface {
	frame(opcode ws.OpCode, data []byte) bool
	// limit is the most bytes of a message. It is asked for each frame: the one before may have changed it.
	limit() int
}

// feed cuts the next bytes of a connection into messages. It unmasks in place. Frames may be cut
// anywhere between calls.
func (a *assembly) feed(d *decoder, data []byte, to sink) error {
	if len(a.partial) > 0 {
		a.partial = append(grow(a.partial, len(data)), data...)
		data = a.partial
	}
	for len(data) > 0 {
		header, size, err := d.parse(data)
		if err == io.EOF {
			break
		}
		if err != nil {
			return errProtocol
		}
		if err := a.check(header, to.limit()); err != nil {
			return err
		}
		end := size + int(header.Length)
		if len(data) < end {
			break
		}
		payload := data[size:end]
		ws.Cipher(payload, header.Mask, 0)
		if more, err := a.accept(header, payload, to); err != nil || !more {
			return err
		}
		data = data[end:]
	}
	a.keep(data)
	return nil
}

// keep holds on to the beginning of a frame for the next feed.
func (a *assembly) keep(rest []byte) {
	if len(rest) > 0 && len(rest) == len(a.partial) {
		return // nothing was used: moving it for every byte that comes would be quadratic
	}
	partial := append([]byte(nil), rest...)
	giveBack(a.partial)
	a.partial = partial
}

// drop gives back what is kept.
func (a *assembly) drop() {
	giveBack(a.partial)
	giveBack(a.message)
	*a = assembly{}
}

// parse reads the frame header at the start of data; io.EOF means that it is not all there.
func (d *decoder) parse(data []byte) (ws.Header, int, error) {
	d.source.Reset(data)
	header, err := ws.ReadHeaderBuffer(&d.source, d.header[:])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return header, len(data) - d.source.Len(), err
}

// check refuses a frame by its header alone, before its payload is waited for.
func (a *assembly) check(h ws.Header, limit int) error {
	state := ws.StateServerSide
	if a.fragments > 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return errProtocol
	}
	if h.OpCode.IsControl() {
		return nil
	}
	if h.Length > int64(limit-len(a.message)) {
		return errTooBig
	}
	return nil
}

func (a *assembly) accept(h ws.Header, payload []byte, to sink) (more bool, err error) {
	switch {
	case h.OpCode.IsControl():
		return to.frame(h.OpCode, payload), nil
	case h.Fin && h.OpCode != ws.OpContinuation:
		return deliver(h.OpCode, payload, to)
	}
	if h.OpCode != ws.OpContinuation {
		a.opcode = h.OpCode
	}
	if a.fragments++; a.fragments > maxFragments {
		return false, errProtocol
	}
	a.message = append(grow(a.message, len(payload)), payload...)
	if !h.Fin {
		return true, nil
	}
	message := a.message
	a.message, a.fragments = nil, 0
	defer giveBack(message)
	return deliver(a.opcode, message, to)
}

func deliver(opcode ws.OpCode, data []byte, to sink) (bool, error) {
	if opcode == ws.OpText && !utf8.Valid(data) {
		return false, errNotUTF8
	}
	return to.frame(opcode, data), nil
}
