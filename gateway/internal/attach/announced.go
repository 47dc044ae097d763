package attach

import (
	"bytes"
	"encoding/json"
)

// announced is what an app says of a socket that it has let in.
type announced struct {
	Nsp, SID, PID string
	Auth          json.RawMessage
}

// announced reads all that is left. That is the dearest of what an app says of a client that connects, and nearly always has the one form that is
// read here without a reader of any JSON: the package's own, without credentials beside the handshake's.
func (d *decoder) announced() (said announced) {
	if said, ok := announcedPlainly(d.rest); ok {
		d.rest = nil
		return said
	}
	d.json(&said)
	return said
}

// announcedPlainly returns false for what has another form, which may well mean something.
func announcedPlainly(text []byte) (said announced, ok bool) {
	if said.Nsp, text, ok = plainField(text, `{"nsp":"`); !ok {
		return said, false
	}
	if said.SID, text, ok = plainField(text, `,"sid":"`); !ok {
		return said, false
	}
	if pid, behind, has := plainField(text, `,"pid":"`); has {
		said.PID, text = pid, behind
	}
	said.Auth = json.RawMessage("{}")
	return said, string(text) == `,"auth":{}}`
}

// plainField takes a value of printable ASCII without escapes, and what is before it, from the front of a text.
func plainField(text []byte, before string) (value string, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(text, []byte(before))
	end := bytes.IndexByte(rest, '"')
	if !ok || end < 0 {
		return "", text, false
	}
	for _, c := range rest[:end] {
		if c < ' ' || c > '~' || c == '\\' {
			return "", text, false
		}
	}
	return string(rest[:end]), rest[end+1:], true
}
