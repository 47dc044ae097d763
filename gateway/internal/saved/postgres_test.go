package saved

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// tablesOfRole are those that deploy/postgres/role.sql grants rights on.
const tablesOfRole = `CREATE TABLE "Message" (id TEXT); CREATE TABLE "User" (id TEXT, name TEXT);
CREATE TABLE "RoomMember" ("roomId" TEXT, "userId" TEXT); CREATE TABLE "Session" ("sessionToken" TEXT, "userId" TEXT, expires TIMESTAMP)`

// keeps fails unless a gateway's sessions can be claimed by another.
func keeps(t *testing.T, url, sid string) {
	t.Helper()
	first, ann := start(t, url, Options{}), connect(sid, "u1", "a")
	first.save(ann)
	first.Ended("/", "gone")
	first.stop()
	second := start(t, url, Options{})
	wants(t, second.claim(sid), ann)
	if said := first.said() + second.said(); said != "" {
		t.Errorf("the log says\n%s", said)
	}
}

func TestTheRoleOfTheDocumentsCanKeepSessions(t *testing.T) {
	t.Parallel()
	keeps(t, dbtest.DocumentedRole(t, dbtest.Postgres(t, tablesOfRole)), "ann")
}

func TestARoleWithoutRightsCanKeepSessionsInThePrintedSchema(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, "")
	role := dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
	for range 2 { // an admin may run it again
		dbtest.Exec(t, owner, database.OwnScript(roleOf(role), Tables()...))
	}
	keeps(t, role, "ann")
	keeps(t, owner, "bob")
}

// The log's line is SQL that an admin can run as it is; the gateway notices by itself that it was.
func TestWhatIsMissingIsSaidOnceAndMendedByWhatIsSaid(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{
		"nothing there":         "",
		"a schema of another's": `CREATE SCHEMA socketgate`,
		"tables of another's":   database.OwnScript("postgres", Tables()...),
		"a table of another's":  `CREATE SCHEMA socketgate; ` + createGateway,
		"tables that were used": database.OwnScript("postgres", Tables()...) + `; GRANT USAGE ON SCHEMA socketgate TO PUBLIC; GRANT SELECT ON socketgate.sessions TO PUBLIC`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := dbtest.Postgres(t, before)
			role := dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
			g := start(t, role, Options{afterGrant: 50 * time.Millisecond})
			ann := connect("ann", "u1", "a")
			g.crowd.all = []session{ann}
			g.changed(ann)
			wants(t, g.claim("ann"), nil)
			run := 0
			eventually(t, "granted what it says", func() bool {
				if said := strings.Split(g.said(), toRun)[1:]; len(said) > run {
					sql, _, _ := strings.Cut(said[run], `" error=`)
					dbtest.Exec(t, owner, strings.ReplaceAll(sql, `\"`, `"`))
					run++
				}
				return !g.off.Load()
			})
			eventually(t, "everybody written who is connected", func() bool { return g.counted("written") > 0 })
			if n := strings.Count(g.said(), "level=WARN"); n != run {
				t.Errorf("%d warnings, of which %d were heeded:\n%s", n, run, g.said())
			}
			wants(t, start(t, role, Options{}).claim("ann"), ann)
		})
	}
}

func TestTablesOfAnotherShapeAreNamed(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE SCHEMA socketgate; CREATE TABLE socketgate.sessions (id text); CREATE TABLE socketgate.gateways (id text)`)
	g := start(t, url, Options{})
	if !strings.Contains(g.said(), "DROP TABLE socketgate.gateways, socketgate.sessions") {
		t.Errorf("the log says\n%s", g.said())
	}
	wants(t, g.claim("ann"), nil)
}

func TestThroughPgBouncerInTransactionMode(t *testing.T) {
	t.Parallel()
	direct := dbtest.Postgres(t, "")
	pooler := dbtest.PgBouncer(t, direct)
	keeps(t, pooler, "ann")
	keeps(t, strings.Replace(pooler, "pgbouncer=true&", "", 1), "bob") // whoever forgets to say so
	if left := dbtest.Column(t, direct, `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`); len(left) > 0 {
		t.Errorf("connections left in a transaction: %q", left)
	}
}

func TestACrashOfTheServerLosesNoSession(t *testing.T) {
	t.Parallel()
	url, control := dbtest.Server(t, "")
	first, ann, gone := start(t, url, Options{}), connect("ann", "u1", "a"), connect("gone", "u2", "a")
	first.save(ann)
	second := start(t, url, Options{})
	second.save(gone)
	second.die()
	control("crash")
	bob := connect("bob", "u3", "a")
	first.changed(bob) // waits for the server
	control("start")
	third := start(t, url, Options{})
	wants(t, third.claim("gone"), gone)
	eventually(t, "what changed meanwhile written", func() bool { return first.counted("written") >= 2 })
	wants(t, third.claim("ann"), ann)
	wants(t, third.claim("bob"), bob)
	if strings.Contains(first.said(), "were lost") {
		t.Errorf("the log says\n%s", first.said())
	}
}

func TestTablesThatAreDroppedAreMadeAnew(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	g, ann := start(t, url, Options{}), connect("ann", "u1", "a")
	g.save(ann)
	dbtest.Exec(t, url, `DROP SCHEMA socketgate CASCADE`)
	wants(t, g.claim("nobody"), nil) // waits until they are there again
	eventually(t, "everybody written who is connected", func() bool { return g.counted("written") >= 2 })
	wants(t, start(t, url, Options{}).claim("ann"), ann)
	if !strings.Contains(g.said(), "were lost") {
		t.Errorf("the log says\n%s", g.said())
	}
}

func TestWhileTheDatabaseIsAwayChangesWaitWithinTheirBound(t *testing.T) {
	t.Parallel()
	proxy, url := dbtest.NewProxy(t, dbtest.Postgres(t, ""))
	g := start(t, url, Options{Changes: 50})
	var all []*socket
	for i := range 120 {
		all = append(all, connect(fmt.Sprint(i), "u1", "a"))
	}
	g.save(all[0])
	proxy.Refuse.Store(true)
	proxy.Swallow.Store(true)
	for _, one := range all[1:] {
		g.crowd.mu.Lock()
		g.crowd.all = append(g.crowd.all, one)
		g.crowd.mu.Unlock()
		g.changed(one)
	}
	eventually(t, "an outage", func() bool { return strings.Contains(g.said(), "can't be saved") })
	if n := g.changes.len(); n > 50 {
		t.Errorf("%d changes wait", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if found, err := g.Claim(ctx, "/", "0"); found != nil || ctx.Err() == nil || err == nil {
		t.Errorf("claimed %v, %v", found, err)
	}
	proxy.Refuse.Store(false)
	eventually(t, "the end of the outage", func() bool { return strings.Contains(g.said(), "saved from now on") })
	eventually(t, "nothing left", func() bool { n := g.changes.len(); return n == 0 })
	other := start(t, url, Options{})
	for _, one := range all {
		eventually(t, "session "+one.ID(), func() bool { return other.claim(one.ID()) != nil })
	}
	if g.counted("full") == 0 {
		t.Error("nothing counted as full")
	}
}

func TestCloseGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	proxy, url := dbtest.NewProxy(t, dbtest.Postgres(t, ""))
	g := start(t, url, Options{})
	g.save(connect("ann", "u1", "a"))
	proxy.Refuse.Store(true)
	proxy.Swallow.Store(true)
	g.changed(connect("bob", "u1", "a"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := g.Sessions.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 sessions") {
		t.Errorf("closed with %v", err)
	}
	g.Sessions.closed = nil
}

// `check` says beforehand what a start would say, and leaves nothing behind.
func TestLookTellsWhatAStartWouldMeet(t *testing.T) {
	t.Parallel()
	look := func(url string) (where, missing string) {
		u, err := database.Parse(url)
		must(t, err)
		where, missing, err = Look(t.Context(), u, Options{})
		must(t, err)
		return where, missing
	}
	owner := dbtest.Postgres(t, "")
	role := dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
	if where, missing := look(owner); where != "the schema socketgate" || missing != "" {
		t.Errorf("the owner: %q, %q", where, missing)
	}
	if _, missing := look(role); missing != toRun+`CREATE SCHEMA socketgate; GRANT USAGE, CREATE ON SCHEMA socketgate TO "`+roleOf(role)+`"` {
		t.Errorf("a role without rights: %q", missing)
	}
	if left := dbtest.Column(t, owner, `SELECT nspname::text FROM pg_namespace WHERE nspname = 'socketgate'`); len(left) > 0 {
		t.Error("it has made the schema")
	}
	file := newSQLite(t)
	if where, missing := look(file); where != fileOf(file)+beside || missing != "" {
		t.Errorf("a file: %q, %q", where, missing)
	}
	if left, _ := filepath.Glob(fileOf(file) + beside + "*"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	must(t, os.Mkdir(fileOf(file)+beside, 0o700))
	if _, missing := look(file); !strings.Contains(missing, "let the gateway's user write") {
		t.Errorf("a folder in the way: %q", missing)
	}
	if where, missing := look("none"); where != "" || missing != "" {
		t.Errorf("none: %q, %q", where, missing)
	}
}

func roleOf(url string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://"), "@")
	return name
}

// What can be prepared and yet not written is told once, and tried less and less often.
func TestAnOutageIsSaidOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	g, w := unstarted(t, url, Options{})
	dbtest.Exec(t, url, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN
		PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT ON socketgate.sessions FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	g.changed(connect("ann", "u1", "a"))
	pause := w.pause
	for range 4 {
		if !w.pass(g.life) || w.pause <= pause {
			t.Errorf("after a pause of %s one of %s", pause, w.pause)
		}
		pause = w.pause
	}
	if n := strings.Count(g.said(), "level="); n != 1 {
		t.Errorf("%d lines:\n%s", n, g.said())
	}
	dbtest.Exec(t, url, `DROP TRIGGER full_disk ON socketgate.sessions`)
	if w.pass(g.life); w.pause != 0 || g.counted("written") != 1 || !strings.Contains(g.said(), "saved from now on") {
		t.Errorf("a pause of %s, %d written, and the log says\n%s", w.pause, g.counted("written"), g.said())
	}
}

// A frozen server runs what was sent to it once it thaws, though nobody waits any more, and on several connections in any order.
func TestAWriteThatIsRunLateChangesNothing(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	_, w := unstarted(t, url, Options{})
	p := w.keeper.(*postgres)
	rowOfAnn := func(room string) []row {
		r, err := rowOf(connect("ann", "u1", room).Session())
		must(t, err)
		return []row{r}
	}
	write := func(number int64, saves []row, ends ...key) (kept int) {
		p.writes = number - 1
		done, err := p.write(t.Context(), saves, ends)
		must(t, err)
		return len(saves) - len(done.refused)
	}
	if n := write(2, rowOfAnn("new")); n != 1 {
		t.Fatalf("%d were saved", n)
	}
	if write(1, rowOfAnn("old")) != 0 || write(1, nil, keyOf("/", "ann")) != 0 {
		t.Error("what was late was saved")
	}
	if found := dbtest.Column(t, url, `SELECT session::text FROM socketgate.sessions`); len(found) != 1 || !strings.Contains(found[0], "new") {
		t.Errorf("kept: %q", found)
	}
}
