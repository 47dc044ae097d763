package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// withTrigger is a table with a trigger of the app's own, before the given kind of statement.
func withTrigger(t *testing.T, table, statement, body string) string {
	return dbtest.Postgres(t, table+fmt.Sprintf(`;
		CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s RETURN NEW; END $$;
		CREATE TRIGGER rule BEFORE %s ON "Message" FOR EACH ROW EXECUTE FUNCTION rule()`, body, statement))
}

// A row that a policy or a trigger refuses, with whatever code, must not look like an outage: everybody would have it.
// What a trigger says of the row is for the app's own ears.
func TestARowThatARuleRefusesCostsOnlyItself(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"insufficient_privilege", "program_limit_exceeded", "U0001",
		// Codes of servers that are down, or busy, which a trigger may raise as well.
		"object_not_in_prerequisite_state", "internal_error", "serialization_failure", "query_canceled", "too_many_connections", "connection_failure",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: withTrigger(t, prismaPostgres, "INSERT",
				`IF NEW."roomId" = 'bad' THEN RAISE EXCEPTION 'not %', NEW.text USING ERRCODE = '`+code+`'; END IF;`)})
			bad, good := answerOf(s, draft("bad", "a secret")), answerOf(s, draft("good", "x"))
			err := <-bad
			if !errors.Is(err, message.ErrRejected) {
				t.Errorf("the bad row: %v, want ErrRejected", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds the text: %v", err)
			}
			if err := <-good; err != nil {
				t.Errorf("the row beside it: %v", err)
			}
		})
	}
}

func TestARowThatATriggerSkipsIsNotReportedStored(t *testing.T) {
	t.Parallel()
	const skip = `IF NEW."roomId" = 'bad' THEN RETURN NULL; END IF;`
	const skipSQLite = `; CREATE TRIGGER rule BEFORE INSERT ON "Message" WHEN NEW."roomId" = 'bad' BEGIN SELECT RAISE(IGNORE); END`
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, prismaSQLite+skipSQLite)
	serial := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, serial, strings.Replace(prismaSQLite, `"id" TEXT NOT NULL PRIMARY KEY`, `"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT`, 1)+skipSQLite)
	for name, url := range map[string]string{
		"postgres, ids of the gateway":  withTrigger(t, prismaPostgres, "INSERT", skip),
		"postgres, ids of the database": withTrigger(t, serialTable, "INSERT", skip),
		"sqlite, ids of the gateway":    lite,
		"sqlite, ids of the database":   serial,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watch := &counts{}
			s := open(t, Config{URL: url, Observer: watch})
			gate := hold(s)
			first := answerOf(s, draft("good", "held"))
			<-gate.held
			var answers []<-chan error
			for i := range 30 {
				answers = append(answers, answerOf(s, draft([]string{"good", "bad"}[i%2], fmt.Sprint(i))))
			}
			close(gate.release)
			must(t, <-first)
			for i, answer := range answers {
				if err := <-answer; i%2 == 1 && !errors.Is(err, message.ErrRejected) || i%2 == 0 && err != nil {
					t.Errorf("message %d: %v", i, err)
				}
			}
			if _, err := save(t, s, draft("bad", "alone")); !errors.Is(err, message.ErrRejected) {
				t.Errorf("a bad row alone: %v", err)
			}
			rows, err := s.newest(t.Context(), 100)
			must(t, err)
			for i, row := range rows {
				if want := fmt.Sprint(28 - 2*i); row.room != "good" || i < 15 && row.text != want {
					t.Errorf("row %d is %v, want text %s", i, row, want)
				}
			}
			shut(t, s)
			if len(rows) != 16 || watch.committed != 16 || watch.failed["rejected"] != 16 || len(watch.failed) != 1 {
				t.Errorf("%d rows, counted %v, want 16 and 16 rejected", len(rows), watch)
			}
		})
	}
}

// lostReply loses the reply to the first insert, after which its messages are answered while in doubt.
type lostReply struct {
	table
	lost bool
}

func (l *lostReply) insert(ctx context.Context, batch []*entry, again bool) error {
	if l.lost {
		return l.table.insert(ctx, batch, again)
	}
	l.lost = true
	if err := l.table.insert(ctx, batch, again); err != nil {
		return err
	}
	return database.Unavailable(errors.New("connection lost"), true)
}

// Triggers that keep people from flooding a room look for a row like the new one, which is there when the commit was.
func TestDoubtfulRowThatIsThereIsNotRefusedByATrigger(t *testing.T) {
	t.Parallel()
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, prismaSQLite+`; CREATE TRIGGER rule BEFORE INSERT ON "Message" WHEN EXISTS (SELECT 1 FROM "Message" WHERE text = NEW.text) BEGIN SELECT RAISE(ABORT, 'flood'); END`)
	for name, url := range map[string]string{
		"postgres": withTrigger(t, prismaPostgres, "INSERT", `IF EXISTS (SELECT 1 FROM "Message" WHERE text = NEW.text) THEN RAISE EXCEPTION 'flood'; END IF;`),
		"sqlite":   lite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watch := &counts{}
			s := open(t, Config{URL: url, Observer: watch})
			s.table = &lostReply{table: s.table} // before anything is sent
			mustSave(t, s, draft("r1", "a"))
			if _, err := save(t, s, draft("r1", "a")); !errors.Is(err, message.ErrRejected) {
				t.Errorf("the flood: %v", err)
			}
			mustSave(t, s, draft("r1", "b"))
			rows, err := s.newest(t.Context(), 5)
			must(t, err)
			shut(t, s)
			if len(rows) != 2 || watch.committed != 2 || watch.failed["rejected"] != 1 {
				t.Errorf("rows %v, counted %v", rows, watch)
			}
		})
	}
}

func TestATableThatForbidsDeletingDoesNotKeepTheStoreDown(t *testing.T) {
	t.Parallel()
	// With ids from the database a message is answered at once when its commit is in doubt.
	serial := strings.Replace(prismaPostgres, `"id" TEXT NOT NULL`, `"id" SERIAL`, 1)
	s := open(t, Config{URL: withTrigger(t, serial, "DELETE", `RAISE EXCEPTION 'append only';`)})
	s.table = &lostReply{table: s.table} // before anything is sent
	if _, err := save(t, s, draft("r", "x")); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("answered %v, want ErrUnavailable", err)
	}
	eventually(t, func() error {
		_, err := save(t, s, draft("r", "y"))
		return err
	})
}

func TestTriggerThatRollsBackCostsOnlyItsRow(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"ABORT, 'no'", "ROLLBACK, 'no'", "FAIL, 'no'", "IGNORE"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			lite := newSQLite(t)
			s0 := open(t, Config{URL: lite})
			name := s0.mapping.Table
			shut(t, s0)
			dbtest.SQLite(t, lite, `CREATE TRIGGER no BEFORE INSERT ON "`+name+`" WHEN NEW.text='bad' BEGIN SELECT RAISE(`+how+`); END`)
			s := open(t, Config{URL: lite})
			g := hold(s)
			first := answerOf(s, draft("r1", "first"))
			<-g.held
			var as []<-chan error
			for _, x := range []string{"a", "bad", "b", "bad", "c"} {
				as = append(as, answerOf(s, draft("r1", x)))
			}
			close(g.release)
			must(t, <-first)
			for i, a := range as {
				err := <-a
				if (i%2 == 1) != errors.Is(err, message.ErrRejected) {
					t.Errorf("%d %v", i, err)
				}
			}
			rows, err := s.newest(t.Context(), 10)
			if len(rows) != 4 {
				t.Errorf("%v %v", rows, err)
			}
		})
	}
}

func TestDoubtfulRowThatATriggerIgnoresIsRefused(t *testing.T) {
	t.Parallel()
	lite := newSQLite(t)
	s0 := open(t, Config{URL: lite})
	name := s0.mapping.Table
	shut(t, s0)
	dbtest.SQLite(t, lite, `CREATE TRIGGER no BEFORE INSERT ON "`+name+`" WHEN NEW.text='bad' BEGIN SELECT RAISE(IGNORE); END`)
	s := open(t, Config{URL: lite})
	e, err := s.newEntry(draft("r1", "bad"), nil)
	must(t, err)
	e.stored.CreatedAt = time.Now().UTC()
	e.doubtful = true
	if err := s.table.insert(t.Context(), []*entry{e}, true); err == nil && e.err == nil {
		t.Error("acked, but not stored")
	}
}
