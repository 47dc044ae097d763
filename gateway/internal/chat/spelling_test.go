package chat

import (
	"slices"
	"testing"
)

func TestEventsAreTakenInEverySpelling(t *testing.T) {
	t.Parallel()
	want := []string{"join-room", "joinRoom", "join_room"}
	for _, event := range want {
		if got := spellings(event); !slices.Equal(got, want) {
			t.Errorf("spellings(%q) = %q, want %q", event, got, want)
		}
	}
	if got := spellings("chat_éteint"); !slices.Contains(got, "chatÉteint") {
		t.Errorf("no camel case in %q", got)
	}
	if got := spellings("message"); !slices.Equal(got, []string{"message"}) {
		t.Errorf("one word has spellings %q", got)
	}
	if got := spellings("chat:send"); !slices.Contains(got, "chat:send") {
		t.Errorf("%q lost its own spelling: %q", "chat:send", got)
	}
}
