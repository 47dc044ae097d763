package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestAJoinAndALeaveAreAckedWhenARestartWouldKnowOfThem(t *testing.T) {
	t.Parallel()
	waiting := make(chan func(bool), 10)
	h := serve(t, &memory{}, func(o *Options) {
		o.Recovers, o.WhenSaved = true, func(_ *socketio.Socket, done func(bool)) { waiting <- done }
	})
	ann := h.visit("ann", time.Hour)
	for i, event := range []string{"join_room", "leave_room"} {
		id := string('1' + rune(i))
		ann.say(`42` + id + `["` + event + `","r"]`)
		done := <-waiting
		ann.say(`429["leave_room",""]`) // is answered at once
		if n := ann.count(`43`+id, `439`); n != 0 {
			t.Errorf("the ack of %s came before", event)
		}
		done(true)
		if said := ann.await(`43` + id); !strings.Contains(said, `"ok":true`) {
			t.Errorf("%s was answered %s", event, said)
		}
	}
	ann.say(`42["join_room","r"]`) // wants no ack, so it is answered at once, by the members
	ann.await(`42["room_members"`)
	ann.say(`423["leave_room","elsewhere"]`)
	ann.say(`424["leave_room",""]`) // it may have left before: then that is not saved yet
	if n := ann.count(`433`, `434`); n != 0 {
		t.Error("not_in_room came before")
	}
	(<-waiting)(true)
	(<-waiting)(true)
	if said := ann.await(`433`); !strings.Contains(said, `"not_in_room"`) {
		t.Errorf("it was answered %s", said)
	}
}

// An unsaved change of rooms is a session that comes back as it was, and nobody would tell its client.
func TestWhoseRoomsCannotBeSavedBeginsAnew(t *testing.T) {
	t.Parallel()
	for _, event := range []string{`1["join_room","r"]`, `1["leave_room","elsewhere"]`, `["join_room","r"]`} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			h := serve(t, &memory{}, func(o *Options) {
				o.Recovers, o.WhenSaved = true, func(_ *socketio.Socket, done func(bool)) { go done(false) }
			})
			ann := h.visit("ann", time.Hour)
			ann.say(`42` + event)
			if event[0] == '1' {
				if said := ann.await(`431`); !strings.Contains(said, `"unavailable"`) {
					t.Errorf("it was answered %s", said)
				}
			}
			if reason := <-h.tally.closed; reason != socketio.GivenUp {
				t.Errorf("the connection ended by %q", reason)
			}
		})
	}
}
