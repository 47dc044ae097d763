package saved

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

func TestASessionIsKeptAsItIsWhenItIsWritten(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		ann.moveTo("b", "\x00user\x00u1", "é\"\\ud800")
		first.save(ann)
		wants(t, start(t, at.url, Options{}).claim("ann"), ann)
	})
}

func TestASessionIsGoodForTheWindowFromTheLastSignOfLife(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first, ann, bob := start(t, at.url, Options{}), connect("ann", "u1", "a"), connect("bob", "u2", "a")
		first.save(ann, bob)
		first.die()
		second := start(t, at.url, Options{})
		at.silence(50)
		wants(t, second.claim("ann"), ann)
		at.silence(61)
		wants(t, second.claim("bob"), nil)
	})
}

func TestSignsOfLifeKeepASessionGoodWhileAnybodyIsConnected(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		at.silence(61)
		writes := first.counted("writes")
		eventually(t, "a sign of life", func() bool { return first.counted("writes") > writes })
		wants(t, start(t, at.url, Options{}).claim("ann"), ann)
	})
}

func TestEndedSessionsAreDeleted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		g, w := unstarted(t, at.url, Options{})
		ann := connect("ann", "u1", "a")
		left := func(do func()) int {
			do()
			w.pass(g.life)
			return at.sessions()
		}
		if n := left(func() { g.changed(ann) }); n != 1 {
			t.Fatalf("%d sessions", n)
		}
		ann.end()
		if n := left(func() { g.Ended("/", "ann") }); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if n := left(func() { g.changed(ann) }); n != 0 {
			t.Errorf("%d sessions came back", n)
		}
	})
}

func TestSweepsDeleteWhatIsPastTheWindow(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, at place) {
		first := start(t, at.url, Options{})
		first.save(connect("ann", "u1", "a"))
		first.die()
		at.silence(61)
		second := start(t, at.url, Options{})
		second.save(connect("bob", "u2", "a"))
		eventually(t, "one session left", func() bool { return at.sessions() == 1 })
		if second.claim("ann") != nil || start(t, at.url, Options{}).claim("bob") == nil {
			t.Error("the wrong one was swept away")
		}
	})
}

// Twenty-five in each of two gateways have asked before any statement is through.
func TestOfFiftyWhoClaimAtOnceOneWins(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first := start(t, at.url, Options{})
		ann := connect("ann", "u1", "a")
		first.save(ann)
		first.die()
		gateways := []*gateway{start(t, at.url, Options{}), start(t, at.url, Options{})}
		var all []*claim
		for range 25 {
			for range gateways {
				all = append(all, newClaim("/", "ann"))
			}
		}
		for i, c := range all { // each may be answered before the next one comes
			must(t, gateways[i%2].claims.add(c))
		}
		winners := 0
		for _, c := range all {
			if a := <-c.answer; a.err != nil {
				t.Error(a.err)
			} else if a.row != nil {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("%d winners", winners)
		}
		at.ageClaims()
		wants(t, start(t, at.url, Options{}).claim("ann"), ann) // later it may be claimed again
	})
}

// Its memory knows better: who is not in it has been away for too long.
func TestAGatewayDoesNotClaimWhatItHas(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		g, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
		g.save(ann)
		wants(t, g.claim("ann"), nil)
		wants(t, start(t, at.url, Options{}).claim("ann"), ann)
	})
}

func TestWhatAnEarlierOwnerWritesIsRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		second := start(t, at.url, Options{})
		wants(t, second.claim("ann"), ann)
		stale := connect("ann", "u1", "stale")
		first.changed(stale)
		eventually(t, "the write refused", func() bool { return first.counted("taken") == 1 })
		first.Ended("/", "ann")
		first.stop()
		at.ageClaims()
		wants(t, start(t, at.url, Options{}).claim("ann"), ann)
	})
}

func TestGatewaysThatStartAtOnceMakeTheTablesTogether(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		var work sync.WaitGroup
		for i := range 8 {
			work.Go(func() {
				g := start(t, at.url, Options{})
				g.save(connect(fmt.Sprint(i), "u1", "a"))
			})
		}
		work.Wait()
		g := start(t, at.url, Options{})
		for i := range 8 {
			if g.claim(fmt.Sprint(i)) == nil {
				t.Errorf("gateway %d has kept nothing", i)
			}
		}
	})
}

// Nobody has got what was claimed for somebody who went meanwhile: the next who asks gets it.
func TestWhatNobodyWaitedForIsGivenBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		second := start(t, at.url, Options{})
		rows, err := second.keeper.claim(t.Context(), []asked{{key: keyOf("/", "ann"), since: time.Now()}})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		wants(t, second.claim("ann"), nil)
		gone := newClaim("/", "ann")
		gone.settle(answer{err: context.Canceled})
		c := &claimer{Sessions: second.Sessions, returned: []key{keyOf("/", "ann")}}
		found, err := c.claim(t.Context(), []*claim{newClaim("/", "ann")})
		if err != nil || len(found) != 1 {
			t.Errorf("claimed %v, %v", found, err)
		}
	})
}

func TestASessionThatCanNotBeSavedCostsOnlyItself(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first := start(t, at.url, Options{})
		large := connect("large", "u1", "a")
		first.save(large)
		large.moveTo(strings.Repeat("x", maxSession))
		ann := connect("ann", "u1", "a")
		for _, one := range []*socket{connect("nul", "u\x001", "a"), connect("invalid", "u\xff", "a"), large, ann} {
			first.changed(one)
		}
		first.stop()
		if first.counted("unfit") != 3 || strings.Count(first.said(), "cause=unfit") != 1 {
			t.Errorf("%d are unfit, and the log says\n%s", first.counted("unfit"), first.said())
		}
		second := start(t, at.url, Options{})
		wants(t, second.claim("ann"), ann)
		for _, sid := range []string{"nul", "invalid", "large"} {
			wants(t, second.claim(sid), nil)
		}
	})
}

func TestASessionThatTheDatabaseRejectsCostsOnlyItself(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		g := start(t, at.url, Options{})
		at.reject("3", "8", "13", "18")
		var good []*socket
		for i := range 20 {
			if i%5 == 3 {
				g.changed(connect(fmt.Sprint(i), "bad", "a"))
				continue
			}
			good = append(good, connect(fmt.Sprint(i), "good", "a"))
			g.changed(good[len(good)-1])
		}
		g.stop()
		second := start(t, at.url, Options{})
		for _, one := range good {
			wants(t, second.claim(one.ID()), one)
		}
		if g.counted("rejected") != 4 {
			t.Errorf("%d rejected", g.counted("rejected"))
		}
	})
}

func TestASessionThatTheDatabaseRejectsDoesNotComeBackAsItWas(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, at place) {
		g, w := unstarted(t, at.url, Options{})
		ann := connect("ann", "u1", "a")
		g.changed(ann)
		w.pass(g.life)
		if strings.HasPrefix(at.url, "file:") {
			at.change(`CREATE TRIGGER no BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END`)
		} else {
			at.change(`ALTER TABLE {}sessions ADD CHECK (length(session::text) < 1000)`)
		}
		ann.moveTo(strings.Repeat("b", 1000))
		g.changed(ann)
		if w.pass(g.life) || g.counted("rejected") != 1 || at.sessions() != 0 {
			t.Errorf("%d rejected, %d are kept", g.counted("rejected"), at.sessions())
		}
	})
}

func TestWithoutADatabaseNothingIsKept(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), database.URL{Kind: database.None}, Options{Window: time.Minute})
	must(t, err)
	s.changed(connect("ann", "u1"))
	s.Ended("/", "bob")
	if found, err := s.Claim(t.Context(), "/", "ann"); found != nil || err != nil || s.changes.len() != 0 {
		t.Errorf("claimed %v, %v; %d changes wait", found, err, s.changes.len())
	}
	must(t, s.Close(t.Context()))
}

func TestClaimsThatWaitAreAnsweredByClose(t *testing.T) {
	t.Parallel()
	g := start(t, newSQLite(t), Options{})
	must(t, g.Close(t.Context()))
	if found, err := g.Claim(t.Context(), "/", "ann"); found != nil || err == nil {
		t.Errorf("claimed %v, %v", found, err)
	}
}

// An end that nobody told of must not leave a row for as long as the process runs.
func TestASessionWhoseEndWasNotToldIsDeletedAfterTheWindow(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, at place) {
		g, w := unstarted(t, at.url, Options{})
		for _, sid := range []string{"ann", "bob"} {
			g.changed(connect(sid, "u1", "a"))
		}
		g.crowd.all = []session{connect("bob", "u1", "a")}
		w.pass(g.life)
		began := time.Now()
		for _, step := range []struct{ after, left int }{{0, 2}, {59, 2}, {60, 1}, {200, 1}} {
			must(t, w.deleteAbsent(t.Context(), began.Add(time.Duration(step.after)*time.Second)))
			if left, err := g.keeper.owned(t.Context()); err != nil || len(left) != step.left {
				t.Errorf("after %d s: %d sessions, %v", step.after, len(left), err)
			}
		}
	})
}
