//go:build linux

package main

import (
	"fmt"
	"slices"
)

// maxSenders is how many may send in one room.
const maxSenders = 10

// maxServers is how many servers a crowd can be at.
const maxServers = 4

// ledger is what was sent into one room.
type ledger struct {
	sent  [maxSenders]uint32   // by sender, the last number
	heard [maxSenders]int      // by sender, how many have heard that: counted where all are waited for
	order [maxServers][]uint64 // the room's messages as whoever was first to hear them did; by server, or all the first where there is one order
}

// hearing is what one member has heard of their room.
type hearing struct {
	last     [maxSenders]uint32 // by sender, the highest number
	order    int                // which of the room's orders it should be
	position int                // in that
	astray   map[uint64]bool    // left out so far, by a sender's numbers
}

// tally counts deliveries and what is wrong with them.
type tally struct {
	deliveries int
	doubled    int
	outOfOrder int // later than one that its sender sent, or the room heard, after it
	elsewhere  int // into a room that the receiver is not in, or that nobody sent
	lost       int
}

func (t tally) faults() int { return t.lost + t.doubled + t.outOfOrder + t.elsewhere }

func (t tally) String() string {
	return fmt.Sprintf("%d deliveries: %d lost, %d doubled, %d out of order, %d astray", t.deliveries, t.lost, t.doubled, t.outOfOrder, t.elsewhere)
}

// hear checks one delivery. A sender's numbers rise by one, and all members of a server, or of all, hear a room in one order.
func (h *hearing) hear(room *ledger, m mark, t *tally) {
	t.deliveries++
	if m.sender >= maxSenders || m.number == 0 || m.number > room.sent[m.sender] {
		t.elsewhere++
		return
	}
	key := uint64(m.sender)<<32 | uint64(m.number)
	switch next := h.last[m.sender] + 1; {
	case m.number < next && h.astray[key]:
		delete(h.astray, key)
		t.outOfOrder++
		return
	case m.number < next:
		t.doubled++
		return
	case m.number > next:
		if h.astray == nil {
			h.astray = make(map[uint64]bool)
		}
		for n := next; n < m.number; n++ {
			h.astray[uint64(m.sender)<<32|uint64(n)] = true
		}
	}
	h.last[m.sender] = m.number
	switch {
	case h.position == len(room.order[h.order]):
		room.order[h.order] = append(room.order[h.order], key)
		h.position++
	case room.order[h.order][h.position] == key:
		h.position++
	default:
		h.catchUp(room, key, t)
	}
}

// catchUp takes a message that is not the next of the room. What is jumped over is lost, or comes too late.
func (h *hearing) catchUp(room *ledger, key uint64, t *tally) {
	order := room.order[h.order]
	if ahead := slices.Index(order[h.position:], key); ahead >= 0 {
		h.position += ahead + 1
	} else if slices.Contains(order[:h.position], key) {
		t.outOfOrder++
	} // else whoever was first lost it
}

// lost returns how many messages of the room have not been heard.
func (h *hearing) lost(room *ledger) int {
	n := len(h.astray)
	for sender, sent := range room.sent {
		n += int(sent - h.last[sender])
	}
	return n
}
