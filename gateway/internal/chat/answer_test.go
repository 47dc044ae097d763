package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestStoreRefusalsBecomeCodes(t *testing.T) {
	t.Parallel()
	for code, err := range map[string]error{
		"bad_request": fmt.Errorf("23503: %w", message.ErrRejected),
		"unavailable": fmt.Errorf("dial: %w", message.ErrUnavailable),
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := serve(t, &memory{fail: err}, nil)
			v := h.visit("u1", time.Hour)
			v.ask("join_room", `"r"`)
			got := v.ask("send_message", `{"text":"hi","roomId":"r"}`)
			if got["ok"] != false || got["success"] != false || got["status"] != "error" || got["code"] != code {
				t.Errorf("ack %v, want code %s", got, code)
			}
			if n := h.tally.of("send_message " + code); n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
}

func TestFailureWithoutAckIsAnErrorEvent(t *testing.T) {
	t.Parallel()
	v := serve(t, &memory{}, nil).visit("u1", time.Hour)
	v.say(`42["sendMessage",{"text":"hi","roomId":"r"}]`)
	got := v.await(`42["error"`)
	want := `42["error",{"code":"not_in_room","message":"join the room before you send to it","event":"sendMessage"}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPanicWhileAnsweringEndsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	h := serve(t, &numbers{}, func(o *Options) { o.Observer = touchy{o.Observer} })
	ann, bob := h.visit("5", time.Hour), h.visit("6", time.Hour)
	ann.ask("join_room", `"7"`)
	bob.ask("join_room", `"7"`)
	ann.say(`42["send_message",{"text":"hi"}]`)
	if reason := <-h.tally.closed; reason != socketio.HandlerPanic {
		t.Errorf("closed by %q", reason)
	}
	bob.await(`42["receive_message"`)
	bob.ask("leave_room", `"7"`)
}

// touchy panics when a message was sent.
type touchy struct{ Observer }

func (o touchy) Event(name, outcome string) {
	if name == "send_message" {
		panic("counted")
	}
	o.Observer.Event(name, outcome)
}
