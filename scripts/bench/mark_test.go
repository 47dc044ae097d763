//go:build linux

package main

import "testing"

func TestMarkReadsBackFromAMessage(t *testing.T) {
	t.Parallel()
	m := mark{room: 99, sender: 7, number: 123_456, sent: 1_795_000_000_123_456_789}
	payload := m.appendText([]byte(`42["receive_message",{"roomId":"room-99","text":"`))
	got, ok := findMark(append(payload, `","id":"x"}]`...))
	if !ok || got != m {
		t.Errorf("got %+v, want %+v", got, m)
	}
	for _, broken := range []string{"", "~>", "~>00", "no mark at all, but a long text all the same", "~>zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		if got, ok := findMark([]byte(broken)); ok {
			t.Errorf("%q is taken for %+v", broken, got)
		}
	}
}
