package saved

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// told counts how often somebody was told, and how often that nobody may go on.
type told struct {
	atomic.Int32
	unsafe atomic.Int32
}

func (n *told) done(safe bool) {
	n.Add(1)
	if !safe {
		n.unsafe.Add(1)
	}
}

func TestWhoWaitsIsToldOnceTheSessionIsInTheDatabase(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		g, w := unstarted(t, at.url, Options{})
		ann := connect("ann", "u1", "a")
		var before, after, again told
		g.changes.wait("ann", time.Time{}, before.done)
		g.changed(ann)
		g.changes.wait("ann", time.Time{}, after.done)
		g.changes.wait("ann", time.Time{}, after.done)
		if before.Load() != 1 || after.Load() != 0 || at.sessions() != 0 {
			t.Fatalf("told %d and %d times before the write", before.Load(), after.Load())
		}
		w.pass(g.life)
		if after.Load() != 2 || at.sessions() != 1 {
			t.Errorf("%d of 2 were told, %d sessions", after.Load(), at.sessions())
		}
		ann.end()
		g.changed(ann) // its end is on the way: there is nothing to write
		g.changes.wait("ann", time.Time{}, again.done)
		w.pass(g.life)
		if again.Load() != 1 {
			t.Error("who waits for a session that has ended is not told")
		}
	})
}

func TestAChangeThatCameMeanwhileIsWaitedForToo(t *testing.T) {
	t.Parallel()
	c := newChanges(0)
	var n told
	c.add(saving("a"))
	first, _ := c.next()
	c.wait("a", time.Time{}, n.done)
	c.add(saving("a"))
	c.settle([]change{first})
	if n.Load() != 0 {
		t.Error("told of the older one")
	}
	second, _ := c.next()
	c.putBack([]change{second})
	third, _ := c.next()
	if n.Load() != 0 {
		t.Error("told of one that could not be written")
	}
	c.settle([]change{third})
	if n.Load() != 1 {
		t.Errorf("told %d times", n.Load())
	}
	c.add(saving("b"))
	c.wait("b", time.Time{}, n.done)
	c.clear()
	if n.Load() != 2 || len(c.waiting.bySID) != 0 || len(c.taken) != 0 {
		t.Errorf("told %d times; left %v, %v", n.Load(), c.waiting.bySID, c.taken)
	}
}

func TestNobodyWaitsLongerThanTwoSecondsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChanges(0)
		ctx, cancel := context.WithCancel(t.Context())
		var n told
		over := make(chan bool)
		go func() { c.answerLate(ctx); over <- true }()
		c.add(saving("a"))
		for _, want := range []int32{0, 1, 2} {
			c.wait("a", time.Time{}, n.done)
			time.Sleep(longestWait / 2)
			synctest.Wait()
			if n.Load() != want {
				t.Errorf("%d were told, want %d", n.Load(), want)
			}
		}
		c.settle([]change{saving("a")})
		c.wait("a", time.Time{}, n.done)
		cancel()
		<-over
		if n.Load() != 4 {
			t.Errorf("told %d times, want 4", n.Load())
		}
	})
}

func TestWhatADiskHasNoPlaceForDoesNotComeBackAsItWas(t *testing.T) {
	t.Parallel()
	at := inSQLite(t)
	g, w := unstarted(t, at.url, Options{})
	ann := connect("ann", "u1", "a")
	g.changed(ann)
	w.pass(g.life)
	db := w.keeper.(*sqlite).db.Load()
	_, err := db.Exec("CREATE TABLE filler (all_that_is_free); INSERT INTO filler VALUES (zeroblob(?))", reserve*4096)
	must(t, err)
	noMorePages(t, db)
	ann.moveTo(strings.Repeat("b", 100_000))
	g.changed(ann)
	var n told
	g.changes.wait("ann", time.Time{}, n.done)
	if !w.pass(g.life) {
		t.Error("the write did not fail")
	}
	g.changes.answer(time.Now().Add(longestWait))
	if n.Load() != 1 || n.unsafe.Load() != 0 {
		t.Error("nothing can come back, and yet the client is to begin anew")
	}
	parsed, err := database.Parse(at.url)
	must(t, err)
	second, err := openSQLite(parsed, time.Minute, g.Sessions.log)
	must(t, err)
	defer second.close()
	must(t, second.prepare(t.Context()))
	rows, err := second.claim(t.Context(), []asked{{key: keyOf("/", "ann"), since: time.Now()}})
	if err != nil || len(rows) != 0 {
		t.Errorf("it came back as %v, %v", rows, err)
	}
	second.close()
	w.pass(g.life)
	if n := at.sessions(); n != 1 {
		t.Errorf("%d sessions are saved once there is place", n)
	}
}

func noMorePages(t *testing.T, db *sql.DB) {
	var pages int
	must(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	must(t, err)
}

func TestSessionsAreSavedOnAFullDiskToo(t *testing.T) {
	t.Parallel()
	at := inSQLite(t)
	first, _ := unstarted(t, at.url, Options{})
	first.stop()
	log, err := os.Stat(fileOf(at.url) + beside + "-wal")
	if err != nil || log.Size() < reserve*4096 {
		t.Errorf("the log was given back: %v, %v", log, err)
	}
	g, w := unstarted(t, at.url, Options{})
	noMorePages(t, w.keeper.(*sqlite).db.Load())
	for i := range 1000 {
		g.changed(connect(fmt.Sprint(i), "u1", strings.Repeat("a", 500)))
	}
	eventually(t, "all saved", func() bool { return !w.pass(g.life) && at.sessions() == 1000 }) // a slow machine gives up a statement, and tries again
}

// A change that can't be written must not be promised while a kill would bring the client back as it was before.
func TestWhoCouldComeBackAsBeforeIsToldAndNobodyElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		born   time.Duration // after the write; 0 if another process has begun the session
		end    error         // of the write
		lost   bool          // all that was written before
		unsafe int32
	}{
		{"written before", -1, nil, false, 1},
		{"begun later", 1, nil, false, 0},
		{"the write may have come to something", -1, database.Unavailable(errors.New("gone"), true), false, 1},
		{"of another process", 0, database.Unavailable(errors.New("refused"), false), false, 1},
		{"the write came to nothing", -1, database.Unavailable(errors.New("refused"), false), false, 0},
		{"all is lost", 0, database.Unavailable(errors.New("full"), true), true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, w, err := assemble(t.Context(), database.URL{Kind: database.None}, Options{Window: time.Minute})
				must(t, err)
				time.Sleep(time.Second)
				w.keeper = fails{err: c.end, lost: c.lost}
				w.write(t.Context(), []row{{}}, nil)
				var n told
				var born time.Time
				if c.born != 0 {
					born = time.Now().Add(c.born)
				}
				s.changes.add(saving("a"))
				s.changes.wait("a", born, n.done)
				s.changes.answer(time.Now().Add(longestWait))
				if n.Load() != 1 || n.unsafe.Load() != c.unsafe {
					t.Errorf("told %d times, %d that it is unsafe", n.Load(), n.unsafe.Load())
				}
			})
		})
	}
}

// fails is a keeper whose writes end like that.
type fails struct {
	keeper
	err  error
	lost bool
}

func (f fails) write(context.Context, []row, []key) (written, error) {
	return written{anew: f.lost}, f.err
}

func TestASessionThatHasEndedHereIsClaimedByNobody(t *testing.T) {
	t.Parallel()
	s, _, err := assemble(t.Context(), database.URL{Kind: database.None}, Options{Window: time.Minute})
	must(t, err)
	s.off.Store(false) // as with a database that is away: nobody answers
	s.Ended("/", "ann")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that who asks the database does not wait
	for _, where := range []string{"waits", "is being deleted"} {
		if found, err := s.Claim(ctx, "/", "ann"); found != nil || err != nil {
			t.Errorf("its end %s: %v, %v", where, found, err)
		}
		s.changes.next()
	}
}
