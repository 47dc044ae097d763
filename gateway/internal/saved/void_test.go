package saved

import (
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// unsavedIn has a gateway serve ann, in room a, whose Redis stands still when she goes to room b, and waits for the answer.
func unsavedIn(t *testing.T, server *redistest.Server, postgres string) (first *gateway, ann *socket, answered *told) {
	first, ann, answered = start(t, server.URL()+" "+postgres, Options{}), connect("ann", "u1", "a"), new(told)
	first.running.Go(func() { first.changes.answerLate(first.claiming) })
	first.save(ann)
	server.Pause()
	ann.moveTo("b")
	first.changed(ann)
	began := time.Now()
	first.whenSaved("ann", time.Time{}, answered.done)
	eventually(t, "an answer", func() bool { return answered.Load() == 1 })
	if took := time.Since(began); took > longestWait+time.Second { // of which the machine takes some
		t.Errorf("answered after %v", took)
	}
	return first, ann, answered
}

func voidRows(t *testing.T, postgres string) int {
	return len(dbtest.Column(t, postgres, `SELECT since::text FROM socketgate.void_sessions`))
}

func TestWhoChangesRoomsWhileRedisIsAwayStaysAndIsTakenUpFromTheCopy(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	first, ann, answered := unsavedIn(t, server, postgres)
	if answered.unsafe.Load() != 0 {
		t.Fatal("the session is given up")
	}
	first.die()
	server.Resume()
	second := start(t, server.URL()+" "+postgres, Options{})
	wants(t, second.claim("ann"), ann)
	wants(t, second.claim("ann"), nil)
	bob := connect("bob", "u2", "a")
	second.save(bob)
	wants(t, start(t, server.URL()+" "+postgres, Options{}).claim("bob"), bob)
}

// As one who joins two rooms at once.
func TestWhoWaitsTwiceIsNotGivenUp(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	g, ann := start(t, server.URL()+" "+postgres, Options{}), connect("ann", "u1", "a")
	g.saveBoth(ann)
	server.Pause()
	g.changed(ann)
	var n told
	for range 3 {
		g.whenSaved("ann", time.Time{}, n.done)
	}
	eventually(t, "copied", func() bool { return !g.copy.changes.isPending("ann") })
	late, _ := g.changes.late(time.Now().Add(longestWait)) // all at once
	if len(late.fit) != 3 {
		t.Fatalf("%d of 3 wait for Redis alone", len(late.fit))
	}
	must(t, g.void(late.sids))
	server.Resume()
}

func TestWhoChangedRoomsWhileRedisWasAwayIsTakenUpOnceItIsBack(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	_, ann, _ := unsavedIn(t, server, postgres)
	if n := voidRows(t, postgres); n != 1 {
		t.Fatalf("%d sessions are void", n)
	}
	server.Resume()
	eventually(t, "saved", func() bool { return voidRows(t, postgres) == 0 })
	wants(t, start(t, server.URL()+" "+postgres, Options{}).claim("ann"), ann)
}

// What is written while it is being noted leaves no row: nobody would take it away.
func TestASessionThatIsWrittenMeanwhileIsNotVoid(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	first, ann := start(t, server.URL()+" "+postgres, Options{}), connect("ann", "u1", "a")
	first.save(ann)
	must(t, first.void([]string{"ann"}))
	eventually(t, "no row", func() bool { return voidRows(t, postgres) == 0 })
	wants(t, start(t, server.URL()+" "+postgres, Options{}).claim("ann"), ann)
}

func TestWithoutPostgresEitherASessionIsGivenUp(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	dbtest.Exec(t, postgres, "CREATE SCHEMA socketgate; CREATE VIEW socketgate.void_sessions AS SELECT ''::bytea AS key") // which takes no row
	if _, _, answered := unsavedIn(t, server, postgres); answered.unsafe.Load() != 1 {
		t.Error("what nobody knows of is promised")
	}
	server.Resume()
}

// Its clients are on their way to other gateways by then, and what is left is written last.
func TestAGatewayThatEndsVoidsNothing(t *testing.T) {
	t.Parallel()
	server, postgres := redistest.Start(t), dbtest.Postgres(t, "")
	first, w := unstarted(t, server.URL()+" "+postgres, Options{})
	ann := connect("ann", "u1", "a")
	first.changed(ann)
	first.changes.wait("ann", time.Time{}, func(bool) {})
	first.refuse()
	first.changes.answerLate(first.claiming)
	w.run()
	second := start(t, server.URL()+" "+postgres, Options{})
	wants(t, second.claim("ann"), ann)
	if voidRows(t, postgres) > 0 {
		t.Error("something was void")
	}
}
