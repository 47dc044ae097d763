package cluster

import (
	"bytes"
	"strconv"
	"time"
)

// hear takes one message of another node, or of this one. What can't be read is counted and left out: whoever can write to Redis can
// say anything.
func (n *Node) hear(message []byte) {
	if len(message) < 2 || !n.heard(message[0], message[1:]) {
		n.health.garbled.Add(1)
	}
}

func (n *Node) heard(kind byte, b []byte) (ok bool) {
	switch kind {
	case saysWritten:
		return n.heardWritten(b)
	case saysProbe:
		return n.health.probed(b)
	case saysAct:
		n.queueAct(b)
		return true
	}
	if len(b) < epochLen {
		return false
	}
	epoch, b := string(b[:epochLen]), b[epochLen:]
	switch kind {
	case saysOver:
		n.locked(func(v *view) { v.drop(epoch, time.Now()) })
	case saysEnds:
		n.locked(func(v *view) { v.ends(epoch, time.Now()) })
	case saysAmend:
		room, _, err := cutText(b, maxText)
		if err != nil {
			return false
		}
		n.locked(func(v *view) { v.doubt(epoch, string(room)) })
	default: // of a later version
	}
	return true
}

func (n *Node) heardWritten(b []byte) (ok bool) {
	parts := bytes.SplitN(b, []byte{' '}, 4)
	if len(parts) != 4 || len(parts[0]) != epochLen {
		return false
	}
	before, err := strconv.ParseUint(string(parts[1]), 10, 64)
	if err != nil {
		return false
	}
	seq, err := strconv.ParseUint(string(parts[2]), 10, 64)
	if err != nil {
		return false
	}
	n.locked(func(v *view) {
		if string(parts[0]) == v.epoch {
			return
		}
		var sections []section
		sections, err = readSections(parts[3], func(room []byte) bool { return v.rooms[string(room)] != nil })
		if err == nil {
			v.hear(string(parts[0]), before, seq, sections, time.Now())
		}
	})
	return err == nil
}
