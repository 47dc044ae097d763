package cluster

import "slices"

// mark is what a node says of its users in a room: the sequence with which it wrote them last, and their digest.
type mark struct{ seq, digest uint64 }

// question is a comparison: of so many rooms with what one node says.
type question struct {
	epoch string
	heard uint64 // of that node, when it was asked
	rooms []string
	rest  bool // there are more
	hurry bool // something was missed
}

// audit returns what to compare next: all rooms that are followed, at most so many at a time, with one node after the other, and first
// with those of which something was missed. It is nil where there is nothing to compare.
func (v *view) audit(most int) *question {
	if len(v.audits) == 0 {
		v.audited, v.hurries = v.nextPeer()
		for name, r := range v.rooms {
			if r.loaded {
				v.audits = append(v.audits, name)
			}
		}
	}
	p := v.peers[v.audited]
	if p == nil || len(v.audits) == 0 {
		v.audits = nil
		return nil
	}
	n := min(most, len(v.audits))
	q := &question{epoch: v.audited, heard: p.heard, rooms: v.audits[:n], hurry: v.hurries}
	v.audits = v.audits[n:]
	q.rest = len(v.audits) > 0
	return q
}

// nextPeer is one of which something was missed, or the one after the last.
func (v *view) nextPeer() (epoch string, missed bool) {
	epochs := make([]string, 0, len(v.peers))
	for epoch, p := range v.peers {
		if p.behind {
			p.behind = false
			return epoch, true
		}
		epochs = append(epochs, epoch)
	}
	if len(epochs) == 0 {
		return "", false
	}
	slices.Sort(epochs)
	at, _ := slices.BinarySearch(epochs, v.audited+"\x00")
	return epochs[at%len(epochs)], false
}

// behind tells whether it is known that something another node said was missed.
func (v *view) behind() bool {
	for _, p := range v.peers {
		if p.behind {
			return true
		}
	}
	return false
}

// compared takes the answers to a question. Rooms that differ are read again. What may just not have been heard yet, or was heard
// since, is compared another time.
func (v *view) compared(q *question, marks []mark) {
	p := v.peers[q.epoch]
	if p == nil {
		return
	}
	for i, name := range q.rooms {
		r := v.rooms[name]
		if r == nil || r.reading || r.queued {
			continue
		}
		var has share
		if s := r.shares[q.epoch]; s != nil {
			has = *s
		}
		if m := marks[i]; m.digest != has.digest && m.seq <= p.heard && has.seq <= q.heard {
			v.want(name, r)
			if r.said == nil {
				r.said = make(map[string]mark)
			}
			r.said[q.epoch] = m
		}
	}
}
