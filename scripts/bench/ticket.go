//go:build linux

package main

import "bytes"

// ticket is what an official client remembers of a session, so that it may take it up again: the pid of the CONNECT reply, and
// the last argument of the latest event if that is a string. The zero value is a client that has none.
type ticket struct {
	pid, offset string
	recovered   bool // the last CONNECT was answered with the same pid
}

// connectPacket is the CONNECT that takes the session up, or begins one.
func (t *ticket) connectPacket() string {
	switch {
	case t.pid == "":
		return "40"
	case t.offset == "":
		return `40{"pid":"` + t.pid + `"}`
	}
	return `40{"pid":"` + t.pid + `","offset":"` + t.offset + `"}`
}

// connected takes the CONNECT reply.
func (t *ticket) connected(payload []byte) {
	pid := stringAfter(payload, []byte(`"pid":"`))
	t.recovered = pid != "" && pid == t.pid
	t.pid = pid
}

// told takes an event of which payload is the whole. Pids and offsets hold nothing that JSON escapes.
func (t *ticket) told(payload []byte) {
	if t.pid == "" || !bytes.HasSuffix(payload, []byte(`"]`)) {
		return
	}
	last := payload[:len(payload)-2]
	t.offset = string(last[bytes.LastIndexByte(last, '"')+1:])
}

func stringAfter(b, start []byte) string {
	_, rest, _ := bytes.Cut(b, start)
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(value)
}
