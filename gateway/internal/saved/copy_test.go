package saved

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// twofold is a Redis and a Postgres for gateways that keep sessions in both.
type twofold struct {
	*redistest.Server
	postgres string
}

func inBoth(t *testing.T) twofold {
	return twofold{redistest.Start(t), dbtest.Postgres(t, "")}
}

func (b twofold) url() string { return b.URL() + " " + b.postgres }

func (b twofold) gateway(t *testing.T) *gateway { return start(t, b.url(), Options{}) }

// saveBoth is save, and waits for the copies.
func (g *gateway) saveBoth(all ...*socket) {
	g.t.Helper()
	g.save(all...)
	for _, one := range all {
		eventually(g.t, one.id+" is copied", func() bool { return !g.copy.changes.isPending(one.id) })
	}
}

// ageCopies has the last claim of every copy be a second old.
func (b twofold) ageCopies(t *testing.T) {
	dbtest.Exec(t, b.postgres, `UPDATE socketgate.sessions SET claimed_at = claimed_at - interval '1 second'`)
}

// owner is whose the only copy is.
func (b twofold) owner(t *testing.T) string {
	return strings.Join(dbtest.Column(t, b.postgres, `SELECT gateway FROM socketgate.sessions`), " ")
}

func TestAGatewayThatIsKilledWhileRedisLosesAllLeavesItsSessionsToTheOthers(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(b twofold){
		"flushed":   func(b twofold) { b.Do("FLUSHALL") },
		"restarted": func(b twofold) { b.Kill(); b.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inBoth(t)
			first, second, third := b.gateway(t), b.gateway(t), b.gateway(t)
			ann, bob := connect("ann", "u1", "a"), connect("bob", "u2", "a")
			first.saveBoth(ann, bob)
			bob.end()
			first.Ended("/", "bob")
			eventually(t, "bob deleted", func() bool { return !first.copy.changes.isPending("bob") })
			first.die()
			lose(b)
			same := newClaim("/", "ann") // its client asks another gateway as well
			wants(t, second.claim("ann"), ann)
			must(t, third.claims.add(same))
			if a := <-same.answer; a.row != nil || a.err != nil {
				t.Errorf("claimed by both: %v, %v", a.row, a.err)
			}
			wants(t, second.claim("ann"), nil)
			wants(t, third.claim("bob"), nil)
			b.ageCopies(t)
			(inRedis(t, b.Server)).ageClaims()
			wants(t, third.claim("ann"), ann) // Redis has it again
		})
	}
}

func TestAGatewayThatStoodStillWhileRedisLostAllLosesWhatOthersHaveTakenUp(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	c := startChild(t, b.url())
	eventually(t, "copied", func() bool {
		return len(dbtest.Column(t, b.postgres, `SELECT user_id FROM socketgate.sessions`)) == childSessions
	})
	second := b.gateway(t)
	c.signal(syscall.SIGSTOP)
	b.Do("FLUSHALL")
	wants(t, second.claim("sid-7"), childSession(7))
	c.signal(syscall.SIGCONT)
	if line := c.line(); line != "superseded sid-7\n" {
		t.Errorf("the one that stood still said %q", line)
	}
	third := b.gateway(t)
	wants(t, third.claim("sid-8"), childSession(8))
}

// A master of a Redis Cluster may lose what it had, and the sign of life is on another.
func TestAGatewayIsToldOfASessionThatWasLostAlone(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	first, second, ann := b.gateway(t), b.gateway(t), connect("ann", "u1", "a")
	first.saveBoth(ann)
	must(t, b.Do("DEL", first.keeper.(*redis).session(keyOf("/", "ann"))).Error())
	wants(t, second.claim("ann"), ann)
	eventually(t, "ended", func() bool { return ann.superseded.Load() > 0 })
}

// So does a Redis that starts from what it had saved to its disk. Who is connected is written anew, and who is away is not.
func TestWhatAnOlderSnapshotOfRedisHasIsNotTakenUp(t *testing.T) {
	t.Parallel()
	for name, since := range map[string]func(first, second *gateway, ann *socket){
		"a change": func(first, _ *gateway, ann *socket) {
			ann.moveTo("b")
			first.saveBoth(ann)
		},
		"a claim": func(_, second *gateway, ann *socket) {
			wants(second.t, second.claim("ann"), ann)
			ann.moveTo("b")
			second.saveBoth(ann)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inBoth(t)
			first, second, third := b.gateway(t), b.gateway(t), b.gateway(t)
			ann := connect("ann", "u1", "a")
			first.saveBoth(ann)
			in := first.keeper.(*redis).session(keyOf("/", "ann"))
			older, err := b.Do("GET", in).ToString()
			must(t, err)
			since(first, second, ann)
			must(t, b.Do("SET", in, older, "PX", "60000").Error())
			b.ageCopies(t)
			wants(t, third.claim("ann"), ann)
		})
	}
}

// A session that was taken up in Redis is its new gateway's in Postgres before anybody has it.
func TestTheCopyGoesWithTheClaim(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	first, second, third := b.gateway(t), b.gateway(t), b.gateway(t)
	ann := connect("ann", "u1", "a")
	first.saveBoth(ann)
	if at := b.owner(t); at != first.keeper.(*redis).gateway {
		t.Errorf("the copy is %s's", at)
	}
	wants(t, second.claim("ann"), ann)
	if at := b.owner(t); at != second.keeper.(*redis).gateway {
		t.Errorf("after the claim the copy is %s's", at)
	}
	if n := dbtest.Column(t, b.postgres, `SELECT generation::text FROM socketgate.sessions`); n[0] != "1" {
		t.Errorf("it was restored, as generation %s", n[0])
	}
	if _, err := first.copy.keeper.sweep(t.Context()); err != nil || b.owner(t) == "" {
		t.Errorf("the copy of a gateway that has not written yet is swept away: %v", err)
	}
	ann.moveTo("b")
	second.saveBoth(ann)
	second.die()
	b.ageCopies(t)
	b.Do("FLUSHALL")
	wants(t, third.claim("ann"), ann)
}

// Whoever had a session before Redis lost it writes it over neither there nor in Postgres.
func TestAnEarlierOwnerSpoilsNoCopy(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	first, _ := unstarted(t, b.url(), Options{})
	second := b.gateway(t)
	ann := connect("ann", "u1", "a")
	one, err := rowOf(ann.Session())
	must(t, err)
	save := func() {
		for _, k := range []keeper{first.keeper, first.copy.keeper} {
			_, err := k.write(t.Context(), []row{one}, nil)
			must(t, err)
		}
	}
	save()
	for range 3 { // as by coming back from memory again and again
		_, err := first.Reclaim(t.Context(), "/", "ann")
		must(t, err)
	}
	b.Do("FLUSHALL")
	wants(t, second.claim("ann"), ann)
	save()
	if at := b.owner(t); at != second.keeper.(*redis).gateway {
		t.Errorf("the copy is %s's", at)
	}
	if ours, err := first.Reclaim(t.Context(), "/", "ann"); ours || err != nil {
		t.Errorf("the first takes it back from memory: %v, %v", ours, err)
	}
	b.Do("FLUSHALL")
	if ours, _ := first.Reclaim(t.Context(), "/", "ann"); ours {
		t.Error("once Redis has lost it again, the first takes it back from memory")
	}
	must(t, first.copy.keeper.exec(t.Context(), `UPDATE socketgate.sessions SET gateway = $1, generation = 0`, first.keeper.(*redis).gateway))
	second.saveBoth(ann) // after a failover of Postgres that has lost the claim
	if at := b.owner(t); at != second.keeper.(*redis).gateway {
		t.Errorf("the copy is %s's for good", at)
	}
}

func TestWhoWaitsIsToldOnceTheSessionIsInBoth(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	g, w := unstarted(t, b.url(), Options{})
	ann := connect("ann", "u1", "a")
	for _, order := range [][]*writer{{w, g.copy.writer}, {g.copy.writer, w}} {
		var n told
		g.changed(ann)
		g.whenSaved("ann", time.Time{}, n.done)
		order[0].pass(g.life)
		if n.Load() != 0 {
			t.Error("told with one of them")
		}
		order[1].pass(g.life)
		if n.Load() != 1 || n.unsafe.Load() != 0 {
			t.Errorf("told %d times, %d unsafe", n.Load(), n.unsafe.Load())
		}
	}
}

// Who comes back to a gateway that still remembers them, while Redis is away, has been at another one since.
func TestMemoryIsNotBelievedWhereTheCopyIsAnothersThoughRedisIsAway(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	first, second, ann := b.gateway(t), b.gateway(t), connect("ann", "u1", "a")
	first.saveBoth(ann)
	wants(t, second.claim("ann"), ann)
	b.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if ours, err := first.Reclaim(ctx, "/", "ann"); ours || err != nil {
		t.Errorf("the first takes it back from memory: %v, %v", ours, err)
	}
	if _, err := second.Reclaim(ctx, "/", "ann"); err == nil {
		t.Error("somebody knows that it is the second's")
	}
	b.Resume()
}

// Then what was told to be saved is in Redis alone.
func TestNobodyWaitsLongForAPostgresThatIsAway(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	postgres, control := dbtest.Server(t, "")
	g := start(t, redis.URL()+" "+postgres, Options{})
	g.running.Go(func() { g.changes.answerLate(g.claiming) })
	ann := connect("ann", "u1", "a")
	g.saveBoth(ann)
	control("stop")
	for _, room := range []string{"b", "c"} {
		ann.moveTo(room)
		var n told
		began := time.Now()
		g.changed(ann)
		g.whenSaved("ann", time.Time{}, n.done)
		eventually(t, "an answer", func() bool { return n.Load() == 1 })
		if took := time.Since(began); n.unsafe.Load() != 0 || took > copyWait+time.Second { // of which the machine takes some
			t.Errorf("answered after %v, %d unsafe", took, n.unsafe.Load())
		}
		eventually(t, "known to be away", g.copy.behind.Load)
	}
	var atOnce told
	if g.whenSaved("ann", time.Time{}, atOnce.done); atOnce.Load() != 1 {
		t.Error("an answer waits for a Postgres that is known to be away")
	}
	redis.Pause() // and now nobody can be told
	ann.moveTo("d")
	var n told
	g.changed(ann)
	g.whenSaved("ann", time.Time{}, n.done)
	eventually(t, "an answer", func() bool { return n.Load() == 1 })
	if n.unsafe.Load() != 1 {
		t.Error("what nobody knows of is promised")
	}
	redis.Resume()
	control("start")
	eventually(t, "copied", func() bool { return !g.copy.changes.isPending("ann") && !g.copy.behind.Load() })
	g.die()
	redis.Do("FLUSHALL")
	wants(t, start(t, redis.URL()+" "+postgres, Options{}).claim("ann"), ann)
}

// A row says that what Redis has is void and the copy counts. Nobody can take it back then, and the copy stays as it is.
func TestWhileThatCantBeTakenBackNobodyIsPromisedWhatRedisHas(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	postgres, control := dbtest.Server(t, "")
	first, ann, answered := unsavedIn(t, redis, postgres)
	if answered.unsafe.Load() != 0 {
		t.Fatal("the session is given up")
	}
	control("stop")
	ann.moveTo("c")
	first.changed(ann)
	eventually(t, "known to be away", first.copy.behind.Load)
	redis.Resume()
	eventually(t, "saved", func() bool { return !first.changes.isPending("ann") })
	var n told
	if first.whenSaved("ann", time.Time{}, n.done); n.unsafe.Load() != 1 {
		t.Errorf("told %d times, %d unsafe", n.Load(), n.unsafe.Load())
	}
	control("start")
	eventually(t, "not void any more", func() bool { return voidRows(t, postgres) == 0 })
	eventually(t, "copied again", func() bool { return !first.copy.changes.isPending("ann") })
	must(t, redis.Do("FLUSHALL").Error())
	wants(t, start(t, redis.URL()+" "+postgres, Options{}).claim("ann"), ann)
}

// A crash may take what was acknowledged: commits do not wait for the disk.
func TestCopiesThatPostgresHasLostAreMadeAnew(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string][]string{
		"all": {`DELETE FROM socketgate.sessions; DELETE FROM socketgate.gateways`},
		"the latest": {`DELETE FROM socketgate.sessions`, // one after the other: who connects anew finds it lost
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := inBoth(t)
			g, ann := b.gateway(t), connect("ann", "u1", "a")
			g.saveBoth(ann)
			for _, statement := range lose {
				dbtest.Exec(t, b.postgres, statement)
			}
			eventually(t, "copied anew", func() bool { return b.owner(t) != "" })
		})
	}
}

// The pool replaces what it finds broken, and the next write succeeds.
func TestCopiesAreMadeAnewThoughNoWriteHasFailed(t *testing.T) {
	t.Parallel()
	b := inBoth(t)
	g, ann := b.gateway(t), connect("ann", "u1", "a")
	g.saveBoth(ann)
	dbtest.Exec(t, b.postgres, `DELETE FROM socketgate.sessions`)
	dbtest.Exec(t, b.postgres, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	eventually(t, "another connection", func() bool {
		_, err := g.copy.keeper.owner(t.Context(), keyOf("/", "ann"))
		return err == nil
	})
	eventually(t, "copied anew", func() bool { return b.owner(t) != "" })
}

func TestARoleWithoutRightsKeepsItsSessionsInRedis(t *testing.T) {
	t.Parallel()
	redis, owner := redistest.Start(t), dbtest.Postgres(t, "")
	url := redis.URL() + " " + dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
	g, ann := start(t, url, Options{}), connect("ann", "u1", "a")
	if said := g.said(); !strings.Contains(said, "in Redis only") || !strings.Contains(said, "CREATE SCHEMA socketgate") {
		t.Errorf("the log says\n%s", said)
	}
	g.save(ann)
	var n told
	g.whenSaved("ann", time.Time{}, n.done)
	if n.Load() != 1 || n.unsafe.Load() != 0 {
		t.Error("an answer waits for a copy that nobody makes")
	}
	second := start(t, url, Options{})
	wants(t, second.claim("ann"), ann)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if found, err := second.Claim(ctx, "/", "never"); found != nil || err != nil {
		t.Errorf("claimed %v, %v", found, err)
	}
}
