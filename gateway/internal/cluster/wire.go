package cluster

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// What nodes tell each other begins with a byte that says what it is.
const (
	saysWritten = 'w' // a batch: epoch, space, the sequence before, space, the sequence, space, sections
	saysOver    = 'o' // an epoch is over, and all of it is written in another, or gone: the epoch
	saysEnds    = 'e' // a node ends, and closes its clients from now on: the epoch
	saysAmend   = 'a' // a share was not found as its digest says: epoch and room
	saysAct     = 'd' // what all are to do: see Act
	saysProbe   = 'p' // one node to itself: its name, and a number
)

// epochLen is the length of an epoch. No field of a room is as short but the marks, whose names are epochs.
const epochLen = 16

// maxText bounds each text that is read: a room's name, a user's id or value. Rooms and tokens are far shorter.
const maxText = 64 << 10

var errMalformed = errors.New("malformed")

// appendSections encodes what a batch says. A room's length stands before it, so that who has nobody there goes on to the next.
func appendSections(b []byte, sections []section) []byte {
	for _, s := range sections {
		b = appendText(b, s.room)
		var body []byte
		body = binary.BigEndian.AppendUint64(body, s.digest)
		for _, f := range s.fields {
			body = appendText(body, f.user)
			if f.gone {
				body = append(body, 0)
			} else {
				body = append(body, 1)
				body = appendText(body, f.value)
			}
		}
		b = binary.AppendUvarint(b, uint64(len(body)))
		b = append(b, body...)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// readSections decodes the sections of rooms that follow wants; it looks at no other's users.
func readSections(b []byte, follows func(room []byte) bool) (sections []section, err error) {
	for len(b) > 0 {
		room, rest, err := cutText(b, maxText)
		if err != nil {
			return nil, err
		}
		body, rest, err := cutText(rest, len(rest))
		if err != nil {
			return nil, err
		}
		b = rest
		if !follows(room) {
			continue
		}
		s, err := readSection(body)
		if err != nil {
			return nil, err
		}
		s.room = string(room)
		sections = append(sections, s)
	}
	return sections, nil
}

func readSection(b []byte) (s section, err error) {
	if len(b) < 8 {
		return s, errMalformed
	}
	s.digest, b = binary.BigEndian.Uint64(b), b[8:]
	for len(b) > 0 {
		user, rest, err := cutText(b, maxText)
		if err != nil || len(rest) == 0 || rest[0] > 1 {
			return s, errMalformed
		}
		f := field{user: string(user), gone: rest[0] == 0}
		if b = rest[1:]; !f.gone {
			value, rest, err := cutText(b, maxText)
			if err != nil || len(value) == 0 {
				return s, errMalformed
			}
			f.value, b = string(value), rest
		}
		s.fields = append(s.fields, f)
	}
	return s, nil
}

func cutText(b []byte, most int) (text, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(most) || n > uint64(len(b)-size) {
		return nil, nil, errMalformed
	}
	return b[size : size+int(n)], b[size+int(n):], nil
}

// A mark is written as its sequence and its digest in hexadecimal, with a colon between.
func (m mark) String() string {
	return strconv.FormatUint(m.seq, 16) + ":" + strconv.FormatUint(m.digest, 16)
}

func readMark(text string) (m mark, ok bool) {
	for i := range len(text) {
		if text[i] == ':' {
			seq, err := strconv.ParseUint(text[:i], 16, 64)
			digest, err2 := strconv.ParseUint(text[i+1:], 16, 64)
			return mark{seq, digest}, err == nil && err2 == nil
		}
	}
	return m, false
}
