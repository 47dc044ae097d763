package socketio

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Lengths of what a pid is made of: the socket's id, and the proof that this server or one with the same secret gave it.
const (
	sidLength   = 20
	proofBytes  = 16
	proofLength = (proofBytes*8 + 5) / 6
)

// pid is what a client shows to take a socket's session up. It says all that is needed, so that nothing is kept for it, and one
// that somebody made up costs no look-up.
func (r *recovery) pid(namespace, sid string) string { return sid + r.proof(namespace, sid) }

func (r *recovery) proof(namespace, sid string) string {
	mac := hmac.New(sha256.New, r.Secret)
	mac.Write([]byte(namespace + "\x00" + sid))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:proofBytes])
}

// sidOf returns the id of the socket that the pid was given for.
func (r *recovery) sidOf(namespace, pid string) (sid string, ok bool) {
	if len(pid) != sidLength+proofLength {
		return "", false
	}
	sid = pid[:sidLength]
	return sid, hmac.Equal([]byte(pid[sidLength:]), []byte(r.proof(namespace, sid)))
}

// comeback is what a client says of the session that it wants to take up.
type comeback struct {
	pid    string
	offset Offset // of the last kept event that it has had, or zero
	over   string // the session that it was told is given up, instead; it may be an earlier one
}

// Official clients merge both into the payload of the CONNECT, unless the application's auth has something of the same name.
var (
	pidKey    = []byte(`"pid"`)
	offsetKey = []byte(`"offset"`)
)

// readComeback reads the payload of a CONNECT, which is a JSON object or nothing. It asks for nothing when it has no pid. What
// is no pid or no offset of ours is not readable.
func readComeback(auth json.RawMessage) (back comeback, asks, readable bool) {
	if !bytes.Contains(auth, pidKey) {
		return back, false, true
	}
	var pid, offset, key json.RawMessage
	for part := range rawjson.Elements(auth) {
		switch {
		case key == nil:
			key = part
			continue
		case bytes.Equal(key, pidKey):
			pid = part
		case bytes.Equal(key, offsetKey):
			offset = part
		}
		key = nil
	}
	if pid == nil { // the word stands elsewhere
		return back, false, true
	}
	back.pid, readable = unquoteShort(pid)
	if !readable || offset == nil {
		return back, true, readable
	}
	text, ok := unquoteShort(offset)
	if sid, isOver := strings.CutPrefix(text, givenUpMark); isOver {
		back.over = sid
		return back, true, len(sid) == sidLength
	}
	number, err := strconv.ParseUint(text, 36, 64)
	back.offset = Offset(number)
	return back, true, ok && err == nil && back.offset.text() == text
}

// unquoteShort reads a JSON string of no more than what pids and offsets take.
func unquoteShort(v json.RawMessage) (string, bool) {
	if v[0] != '"' || len(v) > 100 {
		return "", false
	}
	return rawjson.Unquote(v)
}
