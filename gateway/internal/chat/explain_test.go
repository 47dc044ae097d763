package chat

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// linesOf returns the lines of a log that explain a refusal.
func linesOf(log *logtest.Log) (lines []string) {
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "was refused") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestEveryKindOfRefusalHasOneLineWithTheKeysAndWhatMendsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store   *memory
		options func(*Options)
		packets []string
		says    []string
	}{
		"a room that was not joined": {packets: []string{`42["send_message",{"roomId":"r1","text":"hush"}]`},
			says: []string{"event=send_message", "code=not_in_room", "JOIN_EVENTS", "REQUIRE_JOIN", `seen="{roomId:string text:string}"`}},
		"unknown keys": {packets: []string{`42["join_room",{"lobby":"hush"}]`},
			says: []string{"event=join_room", "code=bad_request", "MESSAGE_ROOM_COLUMN", "seen={lobby:string}"}},
		"a wrong type": {packets: []string{`42["send_message",{"roomId":"r1","text":{"t":"hush"}}]`},
			says: []string{"the text of a message must be a string", `seen="{roomId:string text:object}"`}},
		"no object": {packets: []string{`42["send-message","hush"]`},
			says: []string{"event=send_message", "a message is an object", "seen=string"}},
		"a room that is barred": {store: &memory{guests: map[string]bool{}}, packets: []string{`42["join_room","hush"]`},
			says: []string{"code=forbidden", "ROOM_ACCESS_QUERY"}},
		"a text that is too long": {options: func(o *Options) { o.MaxText = 3 }, packets: []string{`42["join_room","r1"]`, `42["send_message",{"roomId":"r1","text":"hush"}]`},
			says: []string{"code=too_large", "MAX_TEXT"}},
		"too many relays": {options: func(o *Options) { o.Relays, o.RelayRate = []Relay{{Event: "typing"}}, 0.001 },
			packets: []string{`42["join_room","r1"]`, `42["typing",{"roomId":"r1"}]`, `42["typing",{"roomId":"r1"}]`, `42["typing",{"roomId":"r1"}]`},
			says:    []string{"event=typing", "code=rate_limited", "RELAY_RATE"}},
		"the database refuses": {store: &memory{fail: fmt.Errorf("%w: hush", message.ErrRejected)}, packets: []string{`42["join_room","r1"]`, `42["send_message",{"roomId":"r1","text":"hush"}]`},
			says: []string{"code=bad_request", "does the room exist?"}},
		"the database is away": {store: &memory{fail: errors.Join(message.ErrUnavailable)}, packets: []string{`42["join_room","r1"]`, `42["send_message",{"roomId":"r1","text":"hush"}]`},
			says: []string{"code=unavailable", "DATABASE_TIMEOUT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logtest.Log
			store := c.store
			if store == nil {
				store = &memory{}
			}
			h := serve(t, store, func(o *Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				if c.options != nil {
					c.options(o)
				}
			})
			for range 3 {
				v := h.visit("u1", time.Hour)
				for _, packet := range c.packets {
					v.say(packet)
				}
				v.ask("nothing", "1") // answered behind all others
			}
			lines := linesOf(&log)
			if len(lines) != 1 {
				t.Fatalf("%d lines, want 1:\n%s", len(lines), log.String())
			}
			for _, want := range c.says {
				if !strings.Contains(lines[0], want) {
					t.Errorf("no %s in %s", want, lines[0])
				}
			}
			if strings.Contains(log.String(), "hush") {
				t.Errorf("a value is in the log: %s", log.String())
			}
		})
	}
}

func TestAClientThatIsClosedForFloodingIsInTheLogOnce(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	h := serve(t, &memory{}, func(o *Options) { o.RateLimit, o.Logger = 1, slog.New(slog.NewTextHandler(&log, nil)) })
	for range 2 {
		v := h.visit("u1", time.Hour)
		for range 100 {
			if v.Say(`42["join_room","r1"]`) != nil {
				break
			}
		}
		if got := <-h.tally.closed; got != Flooding {
			t.Fatalf("closed for %q", got)
		}
	}
	if lines := linesOf(&log); len(lines) != 2 || !strings.Contains(lines[1], "was closed") || !strings.Contains(lines[1], "RATE_LIMIT") {
		t.Errorf("logged\n%s", log.String())
	}
}

// A reason may hold what a client has sent: it can't fill the log, nor hide the refusals of other events.
func TestReasonsThatClientsMakeUpDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var e explained
	told := 0
	for i := range 100 {
		if e.isNew("send_message", contract.Failure{Code: contract.BadRequest, Text: fmt.Sprint(i)}) {
			told++
		}
	}
	if told != maxReasons {
		t.Errorf("told %d times", told)
	}
	if !e.isNew("send_message", contract.Failure{Code: contract.Forbidden, Text: "1"}) || !e.isNew("join_room", contract.Failure{Code: contract.BadRequest, Text: "1"}) {
		t.Error("another kind is hidden")
	}
}

func TestEveryCodeHasAMend(t *testing.T) {
	t.Parallel()
	for _, code := range []contract.Code{contract.BadRequest, contract.Forbidden, contract.NotInRoom, contract.TooLarge, contract.RateLimited, contract.Unavailable} {
		if mends[code] == "" {
			t.Errorf("%s has none", code)
		}
	}
}
