package contract

import (
	"slices"
	"testing"
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
