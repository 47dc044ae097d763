package socketio

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// Binary is bytes that travel beside an event, as an attachment, and arrive as a Buffer or an
// ArrayBuffer. It may stand anywhere in an argument, and in what an argument is decoded into.
//
// In the JSON of Event.Args an attachment is a value that only Binary can read; emitted again as it
// is, it becomes an attachment again.
type Binary []byte

// maxAttachments is how many attachments one packet may have, both ways: official clients since
// 2026 close on more (CVE-2026-33151).
const maxAttachments = 10

// ErrAttachments is returned for an event with more than 10 attachments.
var ErrAttachments = errors.New("socketio: more than 10 attachments")

// ErrPlaceholder is returned for an event with attachments among whose arguments an object besides has a
// `_placeholder`. Receivers would put an attachment in its place, or close. It is data in an event without.
var ErrPlaceholder = errors.New("socketio: an object would be taken for an attachment")

var errIllegalAttachments = errors.New("illegal attachments")

// An attachment in JSON is an array with this start, base64 and this end. The start is new with
// every process, so that no client can write one; an array, so that nobody takes it for text, or for an
// object whose keys may be read, changed or told.
var (
	attachmentStart = []byte(`["attachment ` + rand.Text() + `","`)
	attachmentEnd   = []byte(`"]`)
)

// MarshalJSON is for encoding/json.
func (b Binary) MarshalJSON() ([]byte, error) { return appendMarked(nil, b), nil }

// UnmarshalJSON is for encoding/json. It fails for what is not an attachment.
func (b *Binary) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if !bytes.HasPrefix(data, attachmentStart) {
		return errors.New("socketio: not an attachment")
	}
	decoded, err := base64.StdEncoding.AppendDecode(nil, data[len(attachmentStart):len(data)-len(attachmentEnd)])
	*b = decoded
	return err
}

func appendMarked(dst []byte, b []byte) []byte {
	dst = append(dst, attachmentStart...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, attachmentEnd...)
}

// detach takes the attachments out of a packet's JSON and leaves placeholders. Their order is that
// of the text, which is the protocol's.
func detach(payload []byte) (placeheld []byte, attachments [][]byte, err error) {
	for {
		before, rest, found := bytes.Cut(payload, attachmentStart)
		placeheld = append(placeheld, before...)
		if !found {
			break
		}
		encoded, after, _ := bytes.Cut(rest, attachmentEnd)
		b, err := base64.StdEncoding.AppendDecode(nil, encoded)
		if err != nil {
			return nil, nil, err
		}
		placeheld = append(placeheld, `{"_placeholder":true,"num":`...)
		placeheld = strconv.AppendInt(placeheld, int64(len(attachments)), 10)
		placeheld = append(placeheld, '}')
		if attachments = append(attachments, b); len(attachments) > maxAttachments {
			return nil, nil, ErrAttachments
		}
		payload = after
	}
	// Every number is taken now. What else claims to be a placeholder came with the arguments.
	if _, err := placeholders(placeheld, len(attachments)); err != nil {
		return nil, nil, ErrPlaceholder
	}
	return placeheld, attachments, nil
}

// attach puts attachments in the place of their placeholders.
func attach(payload []byte, places []placeholder, attachments [][]byte) []byte {
	var whole []byte
	from := 0
	for _, p := range places {
		whole = append(whole, payload[from:p.start]...)
		whole = appendMarked(whole, attachments[p.num])
		from = p.end
	}
	return append(whole, payload[from:]...)
}

// assembly is a binary packet that waits for its attachments.
type assembly struct {
	packet      packet
	places      []placeholder
	attachments [][]byte
	size        int
}

// assemble begins the assembly of a packet, of which it keeps a copy. What is wrong with the packet is
// said before its attachments are taken.
func assemble(p packet) (*assembly, error) {
	if p.kind == typeEvent {
		if _, _, err := decodeEvent(p.data); err != nil {
			return nil, err
		}
	}
	places, err := placeholders(p.data, p.attachments)
	if err != nil {
		return nil, err
	}
	p.data = bytes.Clone(p.data)
	return &assembly{packet: p, places: places}, nil
}

// add takes the next attachment, and reports whether the packet is whole.
func (a *assembly) add(data []byte, limit int) (whole bool, err error) {
	if a.size += len(data); a.size > limit {
		return false, errIllegalAttachments
	}
	a.attachments = append(a.attachments, bytes.Clone(data))
	if len(a.attachments) < a.packet.attachments {
		return false, nil
	}
	a.packet.data = attach(a.packet.data, a.places, a.attachments)
	return true, nil
}

// detached returns what a packet with attachments is sent as: its text, and they.
func detached(kind byte, namespace string, id, payload []byte) ([]*engineio.Packet, error) {
	payload, attachments, err := detach(payload)
	if err != nil {
		return nil, err
	}
	head := []byte{kind + typeBinaryEvent - typeEvent}
	head = strconv.AppendInt(head, int64(len(attachments)), 10)
	head = append(head, '-')
	if namespace != "/" {
		head = append(append(head, namespace...), ',')
	}
	head = append(append(head, id...), payload...)
	all := []*engineio.Packet{engineio.Message(head)}
	for _, b := range attachments {
		all = append(all, engineio.BinaryMessage(b))
	}
	return all, nil
}

// Verify at compile time that Binary is what encoding/json looks for.
var (
	_ json.Marshaler   = Binary(nil)
	_ json.Unmarshaler = (*Binary)(nil)
)
