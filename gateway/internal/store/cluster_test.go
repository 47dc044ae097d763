package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// The clock was an hour ahead, as if the database's has been set back since, or this gateway has told of rows that a failover lost.
func TestPositionsAndTimesRiseWhateverTheClocksSay(t *testing.T) {
	t.Parallel()
	ahead := uint64(time.Now().Add(time.Hour).UnixMilli())*perMilli + 12345
	for name, c := range map[string]struct {
		kind string
		told uint64
	}{"the sequence is ahead": {idsCUID, 0}, "uuids": {idsUUID, 0}, "this gateway has told more": {idsCUID, ahead}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, prismaPostgres)
			stores := join(t, 2, Config{URL: url, IDKind: c.kind, Timeout: patience, Told: func() uint64 { return c.told }})
			first := mustSave(t, stores[0], draft("r1", "x"))
			last := first
			if c.told == 0 {
				dbtest.Exec(t, url, fmt.Sprintf(`SELECT setval('socketgate.clock', %d)`, ahead))
				last = message.Stored{Position: ahead, CreatedAt: last.CreatedAt}
			}
			for i := range 60 { // more than there are slots in a millisecond
				next := mustSave(t, stores[i%2], draft("r1", fmt.Sprint(i)))
				if next.Position <= max(last.Position, ahead) || next.Previous != last.Position {
					t.Fatalf("%d: at %d behind %d, after %d", i, next.Position, next.Previous, last.Position)
				}
				if i%2 == 0 && next.CreatedAt.Before(last.CreatedAt) {
					t.Errorf("%d: at %s, after %s", i, next.CreatedAt, last.CreatedAt)
				}
				last = next
			}
			rows, through := everything(t, stores[0], first.Position)
			if len(rows) != 60 || through != last.Position {
				t.Errorf("%d rows up to %d, the last is at %d", len(rows), through, last.Position)
			}
		})
	}
}

// One statement takes them all, over many milliseconds of the clock where they go to one room, or where a slot is full.
func TestABatchOfThousandsKeepsItsOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind  string
		rooms int
	}{"one room": {idsCUID, 1}, "many rooms": {idsCUID, 3000}, "uuids": {idsUUID, 3000}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := join(t, 1, Config{URL: dbtest.Postgres(t, prismaPostgres), IDKind: c.kind, Timeout: patience})[0]
			type answer struct {
				message.Stored
				err error
			}
			answers := make(chan answer, 3000)
			for i := range cap(answers) {
				s.Save(draft(fmt.Sprint("r", i%c.rooms), fmt.Sprint(i)), func(stored message.Stored, err error) { answers <- answer{stored, err} })
			}
			at := map[string]time.Time{}
			previous := s.Head()
			for range cap(answers) {
				a := <-answers
				must(t, a.err)
				if a.Previous != previous || a.Position <= previous || !a.CreatedAt.After(at[string(a.Room)]) {
					t.Fatalf("%d after %d, said %d; at %s after %s", a.Position, previous, a.Previous, a.CreatedAt, at[string(a.Room)])
				}
				previous, at[string(a.Room)] = a.Position, a.CreatedAt
			}
			rows, through, err := s.After(t.Context(), s.Head(), 5000)
			must(t, err)
			for i, k := range rows {
				if k.Text != fmt.Sprint(i) {
					t.Fatalf("row %d is message %s", i, k.Text)
				}
			}
			if len(rows) != 3000 || through != previous {
				t.Errorf("%d rows up to %d", len(rows), through)
			}
		})
	}
}

// Rows of the app stand between ours, and one of ours can't be read any more.
func TestRowsBehindAPositionAreOursAlone(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := join(t, 1, Config{URL: url, Timeout: patience, Decrypt: func(text, _, _ string) (string, error) {
		if text == "2" {
			return "", fmt.Errorf("no such key")
		}
		return text, nil
	}})[0]
	for i := range 5 {
		mustSave(t, s, draft("r1", fmt.Sprint(i)))
		dbtest.Exec(t, url, fmt.Sprintf(`INSERT INTO "Message" SELECT overlay(max(id) placing 'app%d' from 14), 'app', 'u', 'r' FROM "Message"`, i))
	}
	for _, limit := range []int{1, 2, 3, 100} {
		var texts []string
		for after := s.Head(); ; {
			rows, through, err := s.After(t.Context(), after, limit)
			must(t, err)
			for _, k := range rows {
				texts = append(texts, k.Text)
			}
			if through == after || len(rows) == 0 {
				break
			}
			after = through
		}
		if got := strings.Join(texts, ""); got != "0134" {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
	if rows, through, err := s.After(t.Context(), 1<<62, 10); err != nil || len(rows) != 0 || through >= 1<<62 {
		t.Errorf("behind what there is: %d rows up to %d, %v", len(rows), through, err)
	}
}

// A reading that is as much as was asked for ends by itself: to end it cost the connection, and a busy gateway made 55 new ones a second.
func TestAPageThatIsFullCostsNoConnection(t *testing.T) {
	t.Parallel()
	s := join(t, 1, Config{URL: dbtest.Postgres(t, prismaPostgres), Timeout: patience})[0]
	after := s.Head()
	for i := range 5 {
		mustSave(t, s, draft("r1", fmt.Sprint(i)))
	}
	pool := s.table.(*postgresTable).readers
	read := func() {
		if rows, _, err := s.After(t.Context(), after, 2); err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
	}
	read()
	before := pool.Stat().NewConnsCount()
	for range 5 {
		read()
	}
	if n := pool.Stat().NewConnsCount() - before; n != 0 {
		t.Errorf("%d new connections", n)
	}
}

func TestGatewaysThatCanNotHaveOneOrderDoNotStart(t *testing.T) {
	t.Parallel()
	sqlite := newSQLite(t)
	none := dbtest.Postgres(t, prismaPostgres)
	unordered := dbtest.Postgres(t, `CREATE TABLE "Message" (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL)`)
	others := dbtest.Postgres(t, prismaPostgres+`; CREATE TABLE "Notes" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL)`)
	mustSave(t, join(t, 1, Config{URL: others})[0], draft("r1", "x"))
	for name, c := range map[string]struct {
		Config
		says string
	}{
		"sqlite":        {Config{URL: sqlite}, "use Postgres"},
		"no right":      {Config{URL: dbtest.AsRole(t, none, `GRANT ALL ON "Message"`)}, "socketgate schema -role"},
		"unordered":     {Config{URL: unordered, IDKind: idsDatabase}, "MESSAGE_ID=uuid"},
		"another table": {Config{URL: others, Table: "Notes"}, `"public"."Message"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Node = "gateway"
			s, err := Open(t.Context(), c.Config)
			if err == nil {
				shut(t, s)
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("open: %v", err)
			}
		})
	}
	// Nothing is kept, so there is nothing to put in order.
	open(t, Config{URL: "none", Node: "gateway"})
}

func TestARoleWithThePrintedRightsMayJoin(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, prismaPostgres)
	role := dbtest.AsRole(t, owner, `GRANT SELECT, INSERT ON "Message"`)
	name := strings.TrimPrefix(strings.Split(role, "@")[0], "postgres://")
	for range 2 { // an admin may run it again
		dbtest.Exec(t, owner, database.OwnScript(name, ClockObjects()...))
	}
	commitInOneOrder(t, join(t, 2, Config{URL: role, Timeout: patience}))
}

func TestAGatewayBeginsBehindTheNewestRow(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	alone := open(t, Config{URL: url, now: func() time.Time { return time.Now().Add(time.Hour) }})
	old := mustSave(t, alone, draft("r1", "x"))
	s := join(t, 1, Config{URL: url, Timeout: patience})[0]
	if now, err := s.Now(t.Context()); err != nil || now < old.Position || s.Head() != now {
		t.Errorf("the clock begins at %d, %v, and the newest row is at %d", now, err, old.Position)
	}
	if next := mustSave(t, s, draft("r1", "y")); next.Position <= old.Position {
		t.Errorf("the next row is at %d", next.Position)
	}
	if _, err := alone.Now(t.Context()); err == nil {
		t.Error("a store alone has a clock")
	}
}
