package contract

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEventsAreTakenInEverySpelling(t *testing.T) {
	t.Parallel()
	want := []string{"join-room", "joinRoom", "join_room"}
	for _, event := range want {
		if got := Spellings(event); !slices.Equal(got, want) {
			t.Errorf("Spellings(%q) = %q, want %q", event, got, want)
		}
	}
	if got := Spellings("chat_éteint"); !slices.Contains(got, "chatÉteint") {
		t.Errorf("no camel case in %q", got)
	}
	if got := Spellings("message"); !slices.Equal(got, []string{"message"}) {
		t.Errorf("one word has spellings %q", got)
	}
	if got := Spellings("chat:send"); !slices.Contains(got, "chat:send") {
		t.Errorf("%q lost its own spelling: %q", "chat:send", got)
	}
}

// FuzzSpellings holds the spellings of a name to each other: each is there once, the given one among them, and they fold
// to one name.
func FuzzSpellings(f *testing.F) {
	for _, seed := range []string{"", "join_room", "joinRoom", "join-room", "chat message", "chat:send", "HTTPError", "a__b--c", "_", "é_É", "x\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, event string) {
		all := Spellings(event)
		if !slices.Contains(all, event) || len(all) > 4 || len(slices.Compact(all)) != len(all) {
			t.Fatalf("%q has the spellings %q", event, all)
		}
		if strings.ContainsFunc(event, func(c rune) bool { return c >= utf8.RuneSelf }) {
			return // a few letters have no case that leads back
		}
		for _, spelling := range all {
			if Fold(spelling) != Fold(event) {
				t.Fatalf("%q folds to %q, and its spelling %q to %q", event, Fold(event), spelling, Fold(spelling))
			}
		}
	})
}
