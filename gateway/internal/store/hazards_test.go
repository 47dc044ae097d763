package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

const twoRooms = relatedTables + `; INSERT INTO "User" VALUES ('u1', ''); INSERT INTO "Room" VALUES ('r1', ''), ('r2', '')`

func TestALockOfTheAppsKeepsOnlyItsRoomWaiting(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a row": `SELECT FROM "Room" WHERE id = 'r1' FOR UPDATE`,
		// Whoever stores a message tells its room so, in a trigger.
		"a row that a trigger writes": `UPDATE "Room" SET name = 'x' WHERE id = 'r1'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, twoRooms)
			if strings.Contains(name, "trigger") {
				dbtest.Exec(t, url, `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE "Room" SET name = NEW.id WHERE id = NEW."roomId"; RETURN NEW; END $$;
					CREATE TRIGGER note AFTER INSERT ON "Message" FOR EACH ROW EXECUTE FUNCTION note()`)
			}
			stores := join(t, 2, Config{URL: url, Timeout: 2 * patience})
			held, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			go func() { defer close(ended); inTransaction(t, url, sql, held, release) }()
			<-held
			waiting := []<-chan error{answerOf(stores[0], draft("r1", "1")), answerOf(stores[0], draft("r1", "2")), answerOf(stores[1], draft("r1", "of another"))}
			for i := range 20 {
				mustSave(t, stores[i%2], draft("r2", fmt.Sprint("free ", i)))
				if i == 10 {
					waiting = append(waiting, answerOf(stores[0], draft("r1", "3")))
				}
			}
			for i, answer := range waiting {
				select {
				case err := <-answer:
					t.Errorf("message %d was answered while its room was locked: %v", i, err)
				default:
				}
			}
			close(release)
			<-ended
			for _, answer := range waiting {
				must(t, <-answer)
			}
			got := dbtest.Column(t, url, `SELECT text FROM "Message" WHERE "roomId" = 'r1' AND text <> 'of another' ORDER BY id`)
			if strings.Join(got, "") != "123" {
				t.Errorf("the room got %q", got)
			}
		})
	}
}

func TestAMessageThatWaitsForTheAppsLockTooLongIsRefused(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, twoRooms)
	s := join(t, 1, Config{URL: url, Timeout: time.Second})[0]
	held, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		inTransaction(t, url, `SELECT FROM "Room" WHERE id = 'r1' FOR UPDATE`, held, release)
	}()
	defer func() { close(release); <-ended }()
	<-held
	began := time.Now()
	if err := <-answerOf(s, draft("r1", "x")); causeOf(err) != "timeout" || err == nil {
		t.Errorf("answered %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("answered after %s", took)
	}
	must(t, s.Ready(t.Context()))
}

// What the database refuses costs neither a place in the order nor a hole in it, which all gateways would wait for.
func TestASieveLeavesNoHoleInTheOrder(t *testing.T) {
	t.Parallel()
	const rule = `CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW."roomId" = 'bad' THEN %s END IF; RETURN NEW; END $$;
		CREATE %s TRIGGER rule %s INSERT ON "Message" %s FOR EACH ROW EXECUTE FUNCTION rule()`
	for name, schema := range map[string]string{
		"foreign key":          twoRooms,
		"deferred foreign key": strings.ReplaceAll(twoRooms, "ON UPDATE CASCADE", "DEFERRABLE INITIALLY DEFERRED"),
		"trigger raises":       prismaPostgres + ";" + fmt.Sprintf(rule, "RAISE EXCEPTION 'no';", "", "BEFORE", ""),
		"trigger skips":        prismaPostgres + ";" + fmt.Sprintf(rule, "RETURN NULL;", "", "BEFORE", ""),
		"trigger at the end":   prismaPostgres + ";" + fmt.Sprintf(rule, "RAISE EXCEPTION 'no';", "CONSTRAINT", "AFTER", "DEFERRABLE INITIALLY DEFERRED"),
		"ids of the database":  serialTable + ";" + fmt.Sprintf(rule, "RETURN NULL;", "", "BEFORE", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, schema)
			stores := join(t, 2, Config{URL: url, Timeout: patience})
			last := mustSave(t, stores[0], draft("r1", "first"))
			var answers []<-chan error
			for i := range 40 {
				room := "r1"
				if i%3 == 1 {
					room = "bad"
				}
				answers = append(answers, answerOf(stores[i%2], draft(room, fmt.Sprint(i))))
			}
			for i, answer := range answers {
				if err := <-answer; (err != nil) != (i%3 == 1) || err != nil && !errors.Is(err, message.ErrRejected) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			rows, _ := everything(t, stores[1], last.Position)
			now, err := stores[1].Now(t.Context())
			must(t, err)
			if len(rows) != 27 || rows[26].Position != now {
				t.Errorf("%d rows, and the clock at %d", len(rows), now)
			}
			if err := <-answerOf(stores[0], draft("bad", "alone")); !errors.Is(err, message.ErrRejected) {
				t.Errorf("the bad one alone: %v", err)
			}
			if next := mustSave(t, stores[0], draft("r1", "next")); next.Previous != now {
				t.Errorf("the next one has %d before it, the last one was %d", next.Previous, now)
			}
		})
	}
}

// A gateway that was stopped, or whose network has gone, in the middle of a commit.
func TestAGatewayThatStopsWithTheLockIsEnded(t *testing.T) {
	t.Parallel()
	direct := dbtest.Postgres(t, prismaPostgres)
	p, url := dbtest.NewProxy(t, direct)
	stopped := join(t, 1, Config{URL: url})[0]
	others := join(t, 2, Config{URL: direct, Timeout: patience})
	mustSave(t, stopped, draft("r1", "before"))
	stopped.awakeNow()
	p.Refuse.Store(true)
	p.Withhold.Store(20) // its insert is done, its commit is never said
	lost := answerOf(stopped, draft("r1", "withheld"))
	eventually(t, func() error {
		if held := dbtest.Column(t, direct, `SELECT 1::text FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 1734440037 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); len(held) == 0 {
			return errors.New("nobody holds the lock")
		}
		return nil
	})
	began := time.Now()
	for i := range 4 {
		mustSave(t, others[i%2], draft("r1", "after"))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the others waited for %s", took)
	}
	if err := <-lost; !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("the stopped one: %v", err)
	}
	p.Refuse.Store(false)
	eventually(t, func() error { _, err := save(t, stopped, draft("r1", "again")); return err })
	if n := len(dbtest.Column(t, direct, `SELECT id FROM "Message" WHERE text = 'withheld'`)); n > 0 {
		t.Errorf("stored %d times", n)
	}
}

// Whoever holds the lock and is no gateway at all.
func TestASilentHolderOfTheLockIsEnded(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := join(t, 1, Config{URL: url, Timeout: patience})[0]
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "BEGIN")
	must(t, err)
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_xact_lock("+theLock+")")
	must(t, err)
	mustSave(t, s, draft("r1", "x"))
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the holder is still there")
	}
}

// The clock is no row, and words of batches are found by their key: what an old snapshot keeps costs nothing.
func TestAnOldSnapshotDoesNotSlowTheClock(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := join(t, 1, Config{URL: url, Timeout: patience})[0]
	mustSave(t, s, draft("r1", "x"))
	held, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		inTransaction(t, url, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM "Message"`, held, release)
	}()
	<-held
	defer func() { close(release); <-ended }()
	for range 300 {
		mustSave(t, s, draft("r1", "x"))
	}
	dbtest.Exec(t, url, "ANALYZE socketgate.batches") // after which few rows are best read all, as it seems
	for range 100 {
		mustSave(t, s, draft("r1", "x"))
	}
	p := s.table.(*postgresTable)
	eventually(t, func() error {
		read := dbtest.Column(t, url, `SELECT seq_tup_read || ' ' || idx_scan FROM pg_stat_user_tables WHERE relname = 'batches'`)[0]
		var all, found int
		if _, err := fmt.Sscan(read, &all, &found); err != nil || all > 100 || found < 100 {
			return fmt.Errorf("rows read one by one, and found by the key: %s", read)
		}
		return nil
	})
	plan := strings.Join(dbtest.Column(t, url, fmt.Sprintf(`EXPLAIN (ANALYZE, BUFFERS, COSTS off) SELECT last FROM socketgate.batches WHERE node = '%s' AND batch = %d`, p.node, s.turns), "SET enable_seqscan = off"), "\n")
	var hit int
	if _, err := fmt.Sscanf(plan[strings.Index(plan, "shared hit="):], "shared hit=%d", &hit); err != nil || hit > 6 {
		t.Errorf("%v: the last batch was found by %d pages:\n%s", err, hit, plan)
	}
	if rows := dbtest.Column(t, url, `SELECT batch::text FROM socketgate.batches`); len(rows) != 1 {
		t.Errorf("%d words of one gateway's batches are left", len(rows))
	}
}
