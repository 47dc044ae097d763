package socketio

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// elsewhere is what another server does with sessions of this one.
type elsewhere struct {
	savedSessions
	taken  map[string]bool // sids
	asked  int
	failed error
}

func (e *elsewhere) reclaim(_ context.Context, _, sid string) (bool, error) {
	e.asked++
	return !e.taken[sid], e.failed
}

func TestWhoHasComeBackElsewhereIsClosedHereAndNothingIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &elsewhere{}
		m, observer := serveRecovery(t, Recovery{Sessions: sessions, Reclaim: sessions.reclaim})
		ns := m.server.Of("/")
		live, away := m.arrive("/", nil), m.arrive("/", nil)
		live.enters("r")
		away.enters("r")
		m.drop(away)
		if ns.Succeeded(away.sid) != nil {
			t.Error("a client that is away has a socket")
		}
		old := ns.Succeeded(live.sid)
		old.Supersede()
		m.expectEnd(Superseded)
		old.Supersede()
		synctest.Wait()
		if old.Session().SID != "" || old.In("r") || m.server.Recovery().Away != 0 || len(sessions.takeEnded()) != 0 {
			t.Errorf("kept %+v, in the room %v, %d away", old.Session(), old.In("r"), m.server.Recovery().Away)
		}
		for _, one := range []*returning{live, away} { // both are kept by the other server, which has not given them back
			m.arrive("/", one).expectNew(one)
		}
		observer.expect(t, "unknown", "unknown")
	})
}

// The news comes first, of a server that stood still, and the end of the connection right behind it.
func TestNothingIsKeptOfWhoLosesTheConnectionAfterTheNewsOfBeingElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &elsewhere{}
		m, _ := serveRecovery(t, Recovery{Sessions: sessions, Reclaim: sessions.reclaim})
		live := m.arrive("/", nil)
		live.enters("r")
		old := m.server.Of("/").Succeeded(live.sid)
		m.drop(live)
		old.Supersede()
		if n := m.server.Recovery().Away; n != 0 || len(sessions.takeEnded()) != 0 {
			t.Errorf("%d sessions are kept", n)
		}
		sessions.failed = errors.New("Redis is away") // so that memory is believed
		m.arrive("/", live).expectNew(live)
	})
}

// It has been elsewhere and back before anybody told this server.
func TestMemoryIsNotBelievedWhereAnotherServerHasTakenTheSessionUp(t *testing.T) {
	t.Parallel()
	for name, isAway := range map[string]bool{"half open": false, "away": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sessions := &elsewhere{taken: map[string]bool{}}
				m, _ := serveRecovery(t, Recovery{Sessions: sessions, Reclaim: sessions.reclaim, Head: 1})
				ns := m.server.Of("/")
				a := m.arrive("/", nil)
				a.enters("left")
				if isAway {
					m.drop(a)
				}
				sessions.taken[a.sid] = true
				id := sessionID{"/", a.sid}
				sessions.byID[id] = savedSession{SavedSession{Namespace: "/", SID: a.sid, Rooms: []SavedRoom{{Name: "entered", Since: 1}}}, -1}
				m.arrive("/", a).expectBack(a)
				if s := ns.sockets.get(a.sid); s.In("left") || !s.In("entered") {
					t.Errorf("in %q", s.Rooms())
				}
				if !isAway {
					m.expectEnd(Superseded)
				}
			})
		})
	}
}

func TestMemoryIsBelievedWhereNobodyCanSayWhoseASessionIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sessions := &elsewhere{failed: errors.New("away")}
		m, _ := serveRecovery(t, Recovery{Sessions: sessions, Reclaim: sessions.reclaim})
		a := m.arrive("/", nil)
		a.enters("r")
		m.drop(a)
		m.arrive("/", a).expectBack(a)
		if sessions.asked != 1 {
			t.Errorf("asked %d times", sessions.asked)
		}
	})
}
