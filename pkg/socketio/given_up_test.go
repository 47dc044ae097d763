package socketio

import (
	"testing"
	"testing/synctest"
)

// The end of the session can't be saved right now, so another server would find it as it was.
func TestASessionGivenUpIsTakenUpByNoServerWhateverIsSavedOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &savedSessions{}
		m, observer := serveRecovery(t, Recovery{Sessions: sessions, Head: 1})
		ns := m.server.Of("/")
		a := m.arrive("/", nil)
		a.enters("r")
		ns.To("r").Kept(0).Emit("said", 1)
		a.expectNext(`2["said",1]`)
		saved := sessions.byID[sessionID{"/", a.sid}]
		ns.sockets.get(a.sid).Close(GivenUp)
		ns.To("r").Kept(0).Emit("said", 2) // must not be heard behind
		if got, want := a.hear(), `2["session_given_up","-`+a.sid+`"]`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		a.offset = "-" + a.sid
		m.expectEnd(GivenUp)

		saved.generation = -1
		sessions.byID[sessionID{"/", a.sid}] = saved
		b := m.arrive("/", a).expectNew(a)
		if again := sessions.byID[sessionID{"/", a.sid}]; again.generation != -1 {
			t.Error("the session was claimed")
		}

		b.offset = a.offset // clients keep it until the next message of a room
		m.drop(b)
		m.arrive("/", b).expectBack(b)
		b.offset = "-nonsense"
		m.arrive("/", b).expectNew(b)
		observer.expect(t, "unknown", "none 0", "unreadable")
	})
}
