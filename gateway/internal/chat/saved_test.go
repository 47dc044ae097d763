package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestAJoinAndALeaveAreAckedWhenARestartWouldKnowOfThem(t *testing.T) {
	t.Parallel()
	waiting := make(chan func(), 10)
	h := serve(t, &memory{}, func(o *Options) {
		o.Recovers, o.WhenSaved = true, func(_ *socketio.Socket, done func()) { waiting <- done }
	})
	ann := h.visit("ann", time.Hour)
	for i, event := range []string{"join_room", "leave_room"} {
		id := string('1' + rune(i))
		ann.say(`42` + id + `["` + event + `","r"]`)
		done := <-waiting
		ann.say(`429["leave_room","nowhere"]`) // is answered at once
		if n := ann.count(`43`+id, `439`); n != 0 {
			t.Errorf("the ack of %s came before", event)
		}
		done()
		if said := ann.await(`43` + id); !strings.Contains(said, `"ok":true`) {
			t.Errorf("%s was answered %s", event, said)
		}
	}
	ann.say(`42["join_room","r"]`) // wants no ack, so nobody waits
	ann.await(`42["room_members"`)
	if len(waiting) != 0 {
		t.Error("somebody waits")
	}
}
