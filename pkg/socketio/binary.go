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

var errIllegalAttachments = errors.New("illegal attachments")

// An attachment in JSON is an object with this start, base64 and this end. The start is new with
// every process, so that no client can write one, and an object, so that nobody takes it for text.
var (
	attachmentStart = []byte(`{"_attachment":"` + rand.Text() + `","data":"`)
	attachmentEnd   = []byte(`"}`)
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
			return placeheld, attachments, nil
		}
		encoded, after, _ := bytes.Cut(rest, attachmentEnd)
		b, err := base64.StdEncoding.AppendDecode(nil, encoded)
		if err != nil {
			return nil, nil, err
		}
		placeheld = append(placeheld, placeholderStart...)
		placeheld = append(placeheld, `,"num":`...)
		placeheld = strconv.AppendInt(placeheld, int64(len(attachments)), 10)
		placeheld = append(placeheld, '}')
		if attachments = append(attachments, b); len(attachments) > maxAttachments {
			return nil, nil, ErrAttachments
		}
		payload = after
	}
}

// placeholderStart is how every official client begins a placeholder.
var placeholderStart = []byte(`{"_placeholder":true`)

// attach puts attachments in the place of their placeholders, in one pass over the JSON. A
// placeholder that does not name one of them is refused (CVE-2022-2421), and so is one that names
// an attachment again: a megabyte of those would otherwise become tens of gigabytes.
func attach(payload []byte, attachments [][]byte) ([]byte, error) {
	var whole []byte
	var used [maxAttachments]bool
	quoted := false
	for i := 0; i < len(payload); i++ {
		switch c := payload[i]; {
		case quoted && c == '\\':
			whole = append(whole, c)
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && bytes.HasPrefix(payload[i:], placeholderStart):
			num, length := placeholder(payload[i:])
			if num < 0 || num >= len(attachments) || used[num] {
				return nil, errIllegalAttachments
			}
			used[num] = true
			whole = appendMarked(whole, attachments[num])
			i += length - 1
			continue
		}
		whole = append(whole, payload[i])
	}
	return whole, nil
}

// placeholder reads `{"_placeholder":true,"num":N}` at the start of data. Its num is -1 when it is
// anything else.
func placeholder(data []byte) (num, length int) {
	rest, ok := bytes.CutPrefix(data[len(placeholderStart):], []byte(`,"num":`))
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	if !ok || digits == 0 || digits > 2 || digits == len(rest) || rest[digits] != '}' {
		return -1, 0
	}
	num, _ = strconv.Atoi(string(rest[:digits]))
	return num, len(data) - len(rest) + digits + 1
}

// assembly is a binary packet that waits for its attachments.
type assembly struct {
	packet      packet
	attachments [][]byte
	size        int
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
	data, err = attach(a.packet.data, a.attachments)
	a.packet.data = data
	return true, err
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
