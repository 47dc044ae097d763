package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// gate is a table whose first insert waits to be released, so that a test knows what is in the second.
type gate struct {
	table
	held, release chan struct{}
	inserts       atomic.Int32
	cannotTry     bool
}

// hold puts a gate before the table, while nothing has been sent.
func hold(s *Store) *gate {
	g := &gate{table: s.table, held: make(chan struct{}), release: make(chan struct{})}
	s.table = g
	return g
}

func (g *gate) insert(ctx context.Context, batch []*entry, again bool) error {
	if g.inserts.Add(1) == 1 {
		close(g.held)
		<-g.release
	}
	return g.table.insert(ctx, batch, again)
}

func (g *gate) findRefused(ctx context.Context, batch []*entry, refuses func(error) bool) error {
	if g.cannotTry {
		return errors.New("no savepoints here")
	}
	return g.table.findRefused(ctx, batch, refuses)
}

// Whoever sends to rooms that don't exist must not delay those who do not: 500 bad rows of 2,000 took 2.4 s when each
// was looked for by statements of its own.
func TestManyRefusedRowsCostTheOthersOneInsert(t *testing.T) {
	onRelated(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url, Timeout: patience}) // inserts are counted here: a slow machine is no failure
		g := hold(s)
		sendSomeBad(t, s, g, maxBatchMessages/4, func(i int) bool { return i%4 == 1 })
		if n := g.inserts.Load(); n != 3 {
			t.Errorf("%d inserts, want the first, the refused one and that of the good rows", n)
		}
	})
}

func TestRefusedRowsAreFoundWhereverTheyAreInABatch(t *testing.T) {
	onRelated(t, func(t *testing.T, url string) {
		for name, bad := range map[string]func(i int) bool{
			"first and last": func(i int) bool { return i == 0 || i == 299 },
			"two neighbours": func(i int) bool { return i == 150 || i == 151 },
			"all but one":    func(i int) bool { return i != 77 },
			"all":            func(i int) bool { return true },
		} {
			t.Run(name, func(t *testing.T) {
				s := open(t, Config{URL: url, Timeout: patience})
				sendSomeBad(t, s, hold(s), 300, bad)
			})
		}
	})
}

func TestRefusedRowsAreFoundWhereTheyCanNotBeTried(t *testing.T) {
	onRelated(t, func(t *testing.T, url string) {
		s := open(t, Config{URL: url, Timeout: patience})
		g := hold(s)
		g.cannotTry = true
		sendSomeBad(t, s, g, 50, func(i int) bool { return i%10 == 3 })
	})
}

// Rows that are good one by one and refuse each other: a rule may be about several.
func TestRowsThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]string{
		"unique":   `CREATE UNIQUE INDEX once ON "Message" ("roomId", text)`,
		"deferred": `ALTER TABLE "Message" ADD CONSTRAINT once UNIQUE ("roomId", text) DEFERRABLE INITIALLY DEFERRED`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, prismaPostgres+"; "+rule)
			s := open(t, Config{URL: url, Timeout: patience})
			g := hold(s)
			var answers []<-chan error
			for i := range 40 {
				answers = append(answers, answerOf(s, draft("r1", fmt.Sprint(i%20))))
				if i == 0 {
					<-g.held
				}
			}
			close(g.release)
			for i, answer := range answers {
				if err := <-answer; i < 20 && err != nil || i >= 20 && !errors.Is(err, message.ErrRejected) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			if rows := dbtest.Column(t, url, allTexts); len(rows) != 20 {
				t.Errorf("rows %q", rows)
			}
			if n := g.inserts.Load(); n != 3 {
				t.Errorf("%d inserts, want 3", n)
			}
		})
	}
}

// onRelated runs a test on each database, where messages refer to users and rooms, and there are u1, r1 and r2.
func onRelated(t *testing.T, f func(t *testing.T, url string)) {
	t.Parallel()
	const people = `; INSERT INTO "User" VALUES ('u1', ''); INSERT INTO "Room" VALUES ('r1', ''), ('r2', '')`
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, dbtest.Postgres(t, relatedTables+people)) })
	const deferred = " DEFERRABLE INITIALLY DEFERRED"
	for name, tables := range map[string]string{
		"sqlite":           relatedTablesSQLite,
		"sqlite, deferred": strings.ReplaceAll(relatedTablesSQLite, "ON UPDATE CASCADE", deferred),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "file:" + filepath.Join(t.TempDir(), "test.db")
			dbtest.SQLite(t, url, tables+people)
			f(t, url)
		})
	}
}

// sendSomeBad sends many messages in one batch, those that are bad to a room that does not exist, and checks
// that the answers are right and in order, and that the good ones are stored once.
func sendSomeBad(t *testing.T, s *Store, g *gate, many int, bad func(i int) bool) {
	t.Helper()
	before, err := s.newest(t.Context(), 10*many)
	must(t, err)
	first := answerOf(s, draft("r1", "first"))
	<-g.held
	var answered sync.WaitGroup
	answered.Add(many)
	var order []int
	good := 0
	for i := range many {
		room := fmt.Sprint("r", 1+i%2)
		if bad(i) {
			room = fmt.Sprint("nowhere ", i)
		} else {
			good++
		}
		s.Save(draft(room, fmt.Sprint(i)), func(_ message.Stored, err error) {
			defer answered.Done()
			order = append(order, i)
			if bad(i) != errors.Is(err, message.ErrRejected) || !bad(i) && err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	close(g.release)
	must(t, <-first)
	answered.Wait()
	for i := range order {
		if order[i] != i {
			t.Fatalf("answered in the order %v", order)
		}
	}
	rows, err := s.newest(t.Context(), 10*many)
	must(t, err)
	if stored := len(rows) - len(before) - 1; stored != good {
		t.Errorf("%d rows stored, want %d", stored, good)
	}
	if s.outage.Load() != nil {
		t.Error("the store went down")
	}
}

func TestFindingRefusedRowsEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	url := withTrigger(t, prismaPostgres, "INSERT", `IF NEW.text = 'kill' THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF;`)
	s := open(t, Config{URL: url, Timeout: patience})
	var batch []*entry
	for _, text := range []string{"a", "b", "kill", "c"} {
		e, err := s.newEntry(draft("r1", text), nil)
		must(t, err)
		batch = append(batch, e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.table.findRefused(ctx, batch, database.IsRejected) }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(6 * time.Second):
		panic("it does not end")
	}
}

// as the whole store sees it
func TestServerThatEndsWhileRefusedRowsAreFoundIsAnOutageOnly(t *testing.T) {
	t.Parallel()
	url := withTrigger(t, prismaPostgres, "INSERT", `IF NEW.text = 'bad' THEN RAISE EXCEPTION 'no'; END IF; IF NEW.text = 'kill' AND EXISTS (SELECT 1 FROM pg_prepared_statements WHERE name = 'socketgate_trial') THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF;`)
	s, err := Open(t.Context(), Config{URL: url})
	must(t, err)
	g := hold(s)
	first := answerOf(s, draft("r1", "first"))
	<-g.held
	var answers []<-chan error
	for _, text := range []string{"a", "b", "kill", "bad", "c"} {
		answers = append(answers, answerOf(s, draft("r1", text)))
	}
	close(g.release)
	<-first
	for i, a := range answers {
		select {
		case err := <-a:
			if want := i == 3; errors.Is(err, message.ErrRejected) != want || err != nil && !want {
				t.Errorf("message %d: %v", i, err)
			}
		case <-time.After(8 * time.Second):
			panic("no answer")
		}
	}
	shut(t, s)
}

func TestRoomThatATriggerMakesIsNotMissing(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres+`; CREATE TABLE "Room" (id TEXT PRIMARY KEY);
	INSERT INTO "Room" VALUES ('r0');
	ALTER TABLE "Message" ADD FOREIGN KEY ("roomId") REFERENCES "Room" DEFERRABLE INITIALLY DEFERRED;
	CREATE FUNCTION mk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.text='bad' THEN RAISE EXCEPTION 'no'; END IF; INSERT INTO "Room" VALUES (NEW."roomId") ON CONFLICT DO NOTHING; RETURN NEW; END $$;
	CREATE TRIGGER mk AFTER INSERT ON "Message" FOR EACH ROW EXECUTE FUNCTION mk()`)
	s := open(t, Config{URL: url, Timeout: patience})
	g := hold(s)
	first := answerOf(s, draft("r1", "first"))
	<-g.held
	a, b := answerOf(s, draft("r2", "fine")), answerOf(s, draft("r3", "bad"))
	close(g.release)
	if err := <-first; err != nil {
		t.Error("first", err)
	}
	if err := <-a; err != nil {
		t.Error("the good one beside a bad one:", err)
	}
	if err := <-b; !errors.Is(err, message.ErrRejected) {
		t.Error(err)
	}
}

func TestOnlyTheBadRowOfABatchIsRejected(t *testing.T) {
	t.Parallel()
	pg := dbtest.Postgres(t, `CREATE TABLE "Room" (id TEXT PRIMARY KEY); INSERT INTO "Room" VALUES ('r1'), ('r2'); `+
		strings.Replace(prismaPostgres, "CONSTRAINT", `CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId") REFERENCES "Room", CONSTRAINT`, 1))
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, `CREATE TABLE "Room" (id TEXT PRIMARY KEY); INSERT INTO "Room" VALUES ('r1'), ('r2');`+
		`CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT, "userId" TEXT, "roomId" TEXT REFERENCES "Room", "createdAt" DATETIME)`)
	for name, url := range map[string]string{"postgres": pg, "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: url, Timeout: patience})
			const many = 100
			bad := map[int]bool{0: true, 41: true, 42: true, 99: true}
			var order []int
			var answered sync.WaitGroup
			answered.Add(many)
			for i := range many {
				room := fmt.Sprint("r", 1+i%2)
				if bad[i] {
					room = "nowhere"
				}
				s.Save(draft(room, fmt.Sprintf("%03d", i)), func(_ message.Stored, err error) {
					defer answered.Done()
					order = append(order, i)
					if bad[i] != errors.Is(err, message.ErrRejected) || !bad[i] && err != nil {
						t.Errorf("message %d: %v", i, err)
					}
					if bad[i] && name == "postgres" && (!strings.Contains(err.Error(), "23503") || !strings.Contains(err.Error(), "Message_roomId_fkey") || strings.Contains(err.Error(), "nowhere")) {
						t.Errorf("error %v, want SQLSTATE and constraint and no values", err)
					}
				})
			}
			answered.Wait()
			for i := range order {
				if order[i] != i {
					t.Fatalf("answered in the order %v", order)
				}
			}
			rows, err := s.newest(t.Context(), 2*many)
			must(t, err)
			if len(rows) != many-len(bad) {
				t.Errorf("%d rows, want %d", len(rows), many-len(bad))
			}
		})
	}
}
