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
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		first, ann := start(t, url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		ann.moveTo("b", "\x00user\x00u1", "é\"\\ud800")
		first.save(ann)
		wants(t, start(t, url, Options{}).claim("ann"), ann)
	})
}

func TestASessionIsGoodForTheWindowFromTheLastSignOfLife(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first, ann, bob := start(t, url, Options{}), connect("ann", "u1", "a"), connect("bob", "u2", "a")
		first.save(ann, bob)
		first.die()
		second := start(t, url, Options{})
		change(`UPDATE {}gateways SET alive_at = {now} - 50 {s}`)
		wants(t, second.claim("ann"), ann)
		change(`UPDATE {}gateways SET alive_at = {now} - 61 {s}`)
		wants(t, second.claim("bob"), nil)
	})
}

func TestSignsOfLifeKeepASessionGoodWhileAnybodyIsConnected(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first, ann := start(t, url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		change(`UPDATE {}gateways SET alive_at = {now} - 61 {s}`)
		writes := first.counted("writes")
		eventually(t, "a sign of life", func() bool { return first.counted("writes") > writes })
		wants(t, start(t, url, Options{}).claim("ann"), ann)
	})
}

func TestEndedSessionsAreDeleted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		g, w := unstarted(t, url, Options{})
		ann := connect("ann", "u1", "a")
		left := func(do func()) int {
			do()
			w.pass(g.life)
			return sessionsIn(t, url)
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
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first := start(t, url, Options{})
		first.save(connect("ann", "u1", "a"))
		first.die()
		change(`UPDATE {}gateways SET alive_at = {now} - 61 {s}`)
		second := start(t, url, Options{})
		second.save(connect("bob", "u2", "a"))
		eventually(t, "one session left", func() bool { return sessionsIn(t, url) == 1 })
		if second.claim("ann") != nil || start(t, url, Options{}).claim("bob") == nil {
			t.Error("the wrong one was swept away")
		}
	})
}

// Twenty-five in each of two gateways have asked before any statement is through.
func TestOfFiftyWhoClaimAtOnceOneWins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first := start(t, url, Options{})
		ann := connect("ann", "u1", "a")
		first.save(ann)
		first.die()
		gateways := []*gateway{start(t, url, Options{}), start(t, url, Options{})}
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
		change(`UPDATE {}sessions SET claimed_at = {now} - 1 {s}`)
		wants(t, start(t, url, Options{}).claim("ann"), ann) // later it may be claimed again
	})
}

// Its memory knows better: who is not in it has been away for too long.
func TestAGatewayDoesNotClaimWhatItHas(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		g, ann := start(t, url, Options{}), connect("ann", "u1", "a")
		g.save(ann)
		wants(t, g.claim("ann"), nil)
		wants(t, start(t, url, Options{}).claim("ann"), ann)
	})
}

func TestWhatAnEarlierOwnerWritesIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first, ann := start(t, url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		second := start(t, url, Options{})
		wants(t, second.claim("ann"), ann)
		stale := connect("ann", "u1", "stale")
		first.changed(stale)
		eventually(t, "the write refused", func() bool { return first.counted("taken") == 1 })
		first.Ended("/", "ann")
		first.stop()
		change(`UPDATE {}sessions SET claimed_at = {now} - 1 {s}`)
		wants(t, start(t, url, Options{}).claim("ann"), ann)
	})
}

func TestGatewaysThatStartAtOnceMakeTheTablesTogether(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		var work sync.WaitGroup
		for i := range 8 {
			work.Go(func() {
				g := start(t, url, Options{})
				g.save(connect(fmt.Sprint(i), "u1", "a"))
			})
		}
		work.Wait()
		g := start(t, url, Options{})
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
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		first, ann := start(t, url, Options{}), connect("ann", "u1", "a")
		first.save(ann)
		second := start(t, url, Options{})
		rows, err := second.keeper.claim(t.Context(), []asked{{key: keyOf("/", "ann")}})
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
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		first := start(t, url, Options{})
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
		second := start(t, url, Options{})
		wants(t, second.claim("ann"), ann)
		for _, sid := range []string{"nul", "invalid", "large"} {
			wants(t, second.claim(sid), nil)
		}
	})
}

func TestASessionThatTheDatabaseRejectsCostsOnlyItself(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, change func(string)) {
		g := start(t, url, Options{})
		if strings.HasPrefix(url, "file:") {
			change(`CREATE TRIGGER no BEFORE INSERT ON sessions WHEN new.user_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`)
		} else {
			change(`ALTER TABLE {}sessions ADD CHECK (user_id <> 'bad')`)
		}
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
		second := start(t, url, Options{})
		for _, one := range good {
			wants(t, second.claim(one.ID()), one)
		}
		if g.counted("rejected") != 4 {
			t.Errorf("%d rejected", g.counted("rejected"))
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
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		g, w := unstarted(t, url, Options{})
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
