package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// computed has a column that differs in every row, and one that a trigger of Postgres fills.
const computed = `, "echo" TEXT GENERATED ALWAYS AS (text || '!') STORED, number INTEGER DEFAULT 0)`

// skipping are tables whose trigger leaves out every message to the room bad.
func skipping(t *testing.T) map[string]string {
	const trigger = `IF NEW."roomId" = 'bad' THEN RETURN NULL; END IF; NEW.number = length(NEW.text);`
	own := strings.TrimSuffix(prismaPostgres, ")") + computed
	serial := strings.Replace(own, `"id" TEXT NOT NULL`, `"id" SERIAL`, 1)
	urls := map[string]string{
		"postgres, ids of the gateway":  withTrigger(t, own, "INSERT", trigger),
		"postgres, ids of the database": withTrigger(t, serial, "INSERT", trigger),
	}
	for name, id := range map[string]string{"sqlite, ids of the gateway": "TEXT", "sqlite, ids of the database": "INTEGER"} {
		urls[name] = "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, urls[name], `CREATE TABLE "Message" (id `+id+` PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL`+strings.Replace(computed, "STORED", "VIRTUAL", 1)+
			`; CREATE TRIGGER rule BEFORE INSERT ON "Message" WHEN NEW."roomId" = 'bad' BEGIN SELECT RAISE(IGNORE); END`)
	}
	return urls
}

func TestEachMessageOfABatchIsToldItsOwnRow(t *testing.T) {
	t.Parallel()
	for name, url := range skipping(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: url})
			gate := hold(s)
			first := answerOf(s, draft("good", "first"))
			<-gate.held
			const many = 60
			answers := make(chan error, many)
			for i := range many {
				room, text := []string{"good", "bad"}[i%2], strings.Repeat("x", i)+"."
				s.Save(draft(room, text), func(row message.Stored, err error) {
					switch got := othersOf(row); {
					case room == "bad" && !errors.Is(err, message.ErrRejected):
						answers <- fmt.Errorf("a row that a trigger skips: %v", err)
					case room == "good" && err != nil:
						answers <- err
					case room == "good" && (got["echo"] != `"`+text+`!"` || strings.HasPrefix(name, "postgres") && got["number"] != fmt.Sprint(len(text))):
						answers <- fmt.Errorf("%q was told %v", text, got)
					default:
						answers <- nil
					}
				})
			}
			close(gate.release)
			must(t, <-first)
			for range many {
				if err := <-answers; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A commit in doubt is looked at, or sent again; the rows are told all the same.
func TestARowThatWasInDoubtIsToldWhole(t *testing.T) {
	t.Parallel()
	for name, url := range skipping(t) {
		if strings.HasSuffix(name, "of the database") { // such a message is answered while in doubt
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: url})
			s.table = &lostReply{table: s.table} // before anything is sent
			if got := othersOf(mustSave(t, s, draft("good", "hi")))["echo"]; got != `"hi!"` {
				t.Errorf("looked at, it is told as %s", got)
			}
			e, err := s.newEntry(draft("good", "again"), nil)
			must(t, err)
			e.stored.CreatedAt = time.Now().UTC()
			for range 2 {
				e.stored.Others, e.found = nil, false
				must(t, s.table.insert(t.Context(), []*entry{e}, true))
				if got := othersOf(e.stored)["echo"]; e.err != nil || got != `"again!"` {
					t.Errorf("sent again, it is told as %s, %v", got, e.err)
				}
			}
		})
	}
}

// What the gateway may not read back must not keep it from storing.
func TestWhatMayNotBeReadBackIsStoredAndNotTold(t *testing.T) {
	t.Parallel()
	table := strings.TrimSuffix(prismaPostgres, ")") + `, kind TEXT DEFAULT 'a', hidden TEXT DEFAULT 'b')`
	rights := `GRANT INSERT ON "Message"; GRANT SELECT (id, text, "userId", "roomId", "createdAt"`
	byRights := dbtest.Postgres(t, table)
	byPolicy := dbtest.Postgres(t, table+`; ALTER TABLE "Message" ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON "Message" FOR SELECT USING ("roomId" <> 'r'); CREATE POLICY new ON "Message" FOR INSERT WITH CHECK (true)`)
	byRule := dbtest.Postgres(t, table+`; CREATE TABLE log (kind TEXT); CREATE RULE log AS ON INSERT TO "Message" DO ALSO INSERT INTO log VALUES (NEW.kind)`)
	for name, c := range map[string]struct{ url, want string }{
		"rights on columns": {dbtest.AsRole(t, byRights, rights+`, kind) ON "Message"`), `map[kind:"a"]`},
		"a policy":          {dbtest.AsRole(t, byPolicy, rights+`, kind, hidden) ON "Message"`), `map[]`},
		"a rule":            {byRule, `map[]`},
	} {
		stored, err := save(t, open(t, Config{URL: c.url}), draft("r", "hi"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := fmt.Sprint(othersOf(stored)); got != c.want {
			t.Errorf("%s: told %s, want %s", name, got, c.want)
		}
	}
}

func TestAnEncryptedTextIsNotToldByWayOfAnotherColumn(t *testing.T) {
	t.Parallel()
	const columns = `, status TEXT DEFAULT 'SENT', whole TEXT GENERATED ALWAYS AS (text) STORED, upper TEXT GENERATED ALWAYS AS (upper(text)) STORED,
		part TEXT GENERATED ALWAYS AS (substr(text, 9, 20)) STORED, more TEXT GENERATED ALWAYS AS ('text: ' || text) STORED, length INTEGER GENERATED ALWAYS AS (length(text)) STORED)`
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, strings.TrimSuffix(prismaSQLite, "\n)")+columns)
	encrypt := func(string, string, string) (string, error) { return strings.Repeat("0123456789abcdef", 4), nil }
	for _, url := range []string{lite, dbtest.Postgres(t, strings.TrimSuffix(prismaPostgres, ")")+columns)} {
		stored := mustSave(t, open(t, Config{URL: url, Encrypt: encrypt}), draft("r", "hi"))
		if got := fmt.Sprint(othersOf(stored)); got != `map[length:64 status:"SENT"]` {
			t.Errorf("told %s", got)
		}
	}
}

func TestWhatIsToldOfARowIsBounded(t *testing.T) {
	t.Parallel()
	var columns []told
	for range 10 {
		columns = append(columns, told{column: `TEXT DEFAULT repeat('x', 1000)`})
	}
	columns = append(columns, told{column: `TEXT DEFAULT 'small'`})
	stored := mustSave(t, open(t, Config{URL: dbtest.Postgres(t, tableOf("TEXT", columns))}), draft("r", "hi"))
	size := 0
	for _, f := range stored.Others {
		size += len(f.Value)
	}
	if size > message.MaxOthers || len(stored.Others) != 5 || stored.Others[4].Column != "c10" {
		t.Errorf("%d columns of %d bytes are told", len(stored.Others), size)
	}
}

// A constraint that only the commit checks refuses a row after it was returned.
func TestARowThatTheCommitRefusesIsNotTold(t *testing.T) {
	t.Parallel()
	table := `CREATE TABLE room (id TEXT PRIMARY KEY); INSERT INTO room VALUES ('good'); ` + strings.TrimSuffix(prismaPostgres, ")") +
		`, kind TEXT DEFAULT 'a', FOREIGN KEY ("roomId") REFERENCES room (id) DEFERRABLE INITIALLY DEFERRED)`
	for _, url := range []string{dbtest.Postgres(t, table), dbtest.Postgres(t, table) + "?pgbouncer=true"} {
		s := open(t, Config{URL: url})
		gate := hold(s)
		first := answerOf(s, draft("good", "first"))
		<-gate.held
		bad, good := answerOf(s, draft("bad", "x")), answerOf(s, draft("good", "y"))
		close(gate.release)
		must(t, <-first)
		if err := <-bad; !errors.Is(err, message.ErrRejected) {
			t.Errorf("to no room: %v", err)
		}
		must(t, <-good)
		rows, err := s.newest(context.Background(), 9)
		must(t, err)
		if len(rows) != 2 {
			t.Errorf("stored %v", rows)
		}
	}
}
