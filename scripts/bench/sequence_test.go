//go:build linux

package main

import (
	"slices"
	"testing"
)

func TestEveryFaultOfDeliveryIsNoticed(t *testing.T) {
	t.Parallel()
	type message struct {
		sender uint8
		number uint32
	}
	sent := []message{{0, 1}, {1, 1}, {0, 2}, {1, 2}, {0, 3}}
	for name, test := range map[string]struct {
		heard []message
		want  tally
	}{
		"nothing wrong": {sent, tally{deliveries: 5}},
		"lost":          {[]message{{0, 1}, {1, 1}, {1, 2}, {0, 3}}, tally{deliveries: 4, lost: 1}},
		"the last lost": {sent[:4], tally{deliveries: 4, lost: 1}},
		"doubled":       {append(slices.Clone(sent), message{1, 2}), tally{deliveries: 6, doubled: 1}},
		"swapped by one sender": {
			[]message{{0, 2}, {1, 1}, {0, 1}, {1, 2}, {0, 3}}, tally{deliveries: 5, outOfOrder: 2}},
		"swapped between senders": {
			[]message{{1, 1}, {0, 1}, {0, 2}, {1, 2}, {0, 3}}, tally{deliveries: 5, outOfOrder: 1}},
		"never sent":     {append(slices.Clone(sent), message{0, 4}), tally{deliveries: 6, elsewhere: 1}},
		"nobody sent it": {append(slices.Clone(sent), message{200, 1}), tally{deliveries: 6, elsewhere: 1}},
	} {
		room := &ledger{}
		var first, second hearing
		var whole, got tally
		for _, m := range sent {
			room.sent[m.sender] = m.number
		}
		for _, m := range sent {
			first.hear(room, mark{sender: m.sender, number: m.number}, &whole)
		}
		for _, m := range test.heard {
			second.hear(room, mark{sender: m.sender, number: m.number}, &got)
		}
		got.lost = second.lost(room)
		if got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		if whole.faults() != 0 || first.lost(room) != 0 {
			t.Errorf("%s: the first to hear it all is said to have a fault: %v", name, whole)
		}
	}
}

func TestWhoHearsFirstMayLoseToo(t *testing.T) {
	t.Parallel()
	room := &ledger{sent: [maxSenders]uint32{3}}
	var first, second hearing
	var heard tally
	for _, n := range []uint32{1, 3} {
		first.hear(room, mark{number: n}, &heard)
	}
	for _, n := range []uint32{1, 2, 3} {
		second.hear(room, mark{number: n}, &heard)
	}
	if first.lost(room) != 1 || second.lost(room) != 0 || heard.faults() != 0 {
		t.Errorf("lost %d and %d, %v", first.lost(room), second.lost(room), heard)
	}
}
