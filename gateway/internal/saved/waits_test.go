package saved

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// told counts how often somebody was told.
type told struct{ atomic.Int32 }

func (n *told) done() { n.Add(1) }

func TestWhoWaitsIsToldOnceTheSessionIsInTheDatabase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		g, w := unstarted(t, url, Options{})
		ann := connect("ann", "u1", "a")
		var before, after, again told
		g.changes.wait("ann", before.done)
		g.changed(ann)
		g.changes.wait("ann", after.done)
		g.changes.wait("ann", after.done)
		if before.Load() != 1 || after.Load() != 0 || sessionsIn(t, url) != 0 {
			t.Fatalf("told %d and %d times before the write", before.Load(), after.Load())
		}
		w.pass(g.life)
		if after.Load() != 2 || sessionsIn(t, url) != 1 {
			t.Errorf("%d of 2 were told, %d sessions", after.Load(), sessionsIn(t, url))
		}
		ann.end()
		g.changed(ann) // its end is on the way: there is nothing to write
		g.changes.wait("ann", again.done)
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
	c.wait("a", n.done)
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
	c.wait("b", n.done)
	c.clear()
	if n.Load() != 2 || len(c.waiting.bySID) != 0 || len(c.taken) != 0 {
		t.Errorf("told %d times; left %v, %v", n.Load(), c.waiting.bySID, c.taken)
	}
}

func TestNobodyWaitsLongerThanASecondForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChanges(0)
		ctx, cancel := context.WithCancel(t.Context())
		var n told
		over := make(chan bool)
		go func() { c.answerLate(ctx); over <- true }()
		c.add(saving("a"))
		for _, want := range []int32{0, 1, 2} {
			c.wait("a", n.done)
			time.Sleep(longestWait / 2)
			synctest.Wait()
			if n.Load() != want {
				t.Errorf("%d were told, want %d", n.Load(), want)
			}
		}
		c.settle([]change{saving("a")})
		c.wait("a", n.done)
		cancel()
		<-over
		if n.Load() != 4 {
			t.Errorf("told %d times, want 4", n.Load())
		}
	})
}

func TestWhatADiskHasNoPlaceForDoesNotComeBackAsItWas(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	g, w := unstarted(t, url, Options{})
	ann := connect("ann", "u1", "a")
	g.changed(ann)
	w.pass(g.life)
	db := w.keeper.(*sqlite).db.Load()
	var pages int
	must(t, db.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	must(t, err)
	ann.moveTo(strings.Repeat("b", 100_000))
	g.changed(ann)
	if !w.pass(g.life) {
		t.Error("the write did not fail")
	}
	parsed, err := database.Parse(url)
	must(t, err)
	second, err := openSQLite(parsed, time.Minute, g.Sessions.log)
	must(t, err)
	defer second.close()
	must(t, second.prepare(t.Context()))
	rows, err := second.claim(t.Context(), []asked{{key: keyOf("/", "ann")}})
	if err != nil || len(rows) != 0 {
		t.Errorf("it came back as %v, %v", rows, err)
	}
	second.close()
	w.pass(g.life)
	if n := sessionsIn(t, url); n != 1 {
		t.Errorf("%d sessions are saved once there is place", n)
	}
}
