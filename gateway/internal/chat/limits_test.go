package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// A text that is told under several names counts as often.
func TestCopiesOfATextCountAgainstTheQueues(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, func(o *Options) { o.MaxEvent, o.Columns = 5000, contract.Columns{Text: "content"} }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	for size, want := range map[int]any{1000: nil, 2000: "too_large"} {
		if got := v.ask("send_message", `{"text":"`+strings.Repeat("x", size)+`"}`); got["code"] != want {
			t.Errorf("%d bytes: %v, want %v", size, got["code"], want)
		}
	}
}

func TestEventsOverTheRateAreRefused(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.RateLimit = 5 }).visit("u1", time.Hour)
	began := time.Now()
	refused := v.askAll("join_room", `"r"`, 30, "rate_limited")
	if most := 10 + 5*(1+int(time.Since(began).Seconds())); refused > 20 || 30-refused > most {
		t.Errorf("%d of 30 were refused; a burst of 10 passes, and 5 a second", refused)
	}
	v.askAll("join_room", `"r"`, 30, "rate_limited")
	if got := v.askAll("join_room", `"r"`, 30, "rate_limited"); got == 0 {
		t.Error("90 at once were never too many")
	}
}

func TestFloodIsClosed(t *testing.T) {
	t.Parallel()
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit = 1 })
	v := h.visit("u1", time.Hour)
	for range 100 {
		v.say(`42["join_room","r"]`)
	}
	if got := <-h.tally.closed; got != Flooding {
		t.Errorf("closed for %q, want %q", got, Flooding)
	}
}

func TestMessageThatWouldFillTheQueuesIsRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := serve(t, store, func(o *Options) { o.MaxText, o.MaxEvent = 100, 4096 }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	long, blob := strings.Repeat("x", 101), strings.Repeat("x", 4096)
	for _, message := range []string{`{"text":"` + long + `"}`, `{"text":"hi","extra":"` + blob + `"}`} {
		if got := v.ask("send_message", message); got["code"] != "too_large" {
			t.Errorf("%.40s…: %v", message, got)
		}
	}
	if len(store.saved) != 0 {
		t.Errorf("stored %d", len(store.saved))
	}
}

func TestSenderCannotFillTheQueuesOfARoom(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.MaxEvent = 1000, 8192 }).visit("u1", time.Hour)
	v.ask("join_room", `"r"`)
	sent := 0
	for range 20 {
		if v.ask("send_message", `{"text":"`+strings.Repeat("x", 4000)+`"}`)["ok"] == true {
			sent++
		}
	}
	if sent == 0 || sent > 10 { // two at once, and 4 KiB a second as time goes by
		t.Errorf("%d messages of 4,000 bytes went out where 8,192 bytes may at once", sent)
	}
}
