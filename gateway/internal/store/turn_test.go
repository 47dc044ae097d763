package store

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// orders are tables whose ids the gateways make, or the database.
var orders = map[string]struct{ schema, kind string }{
	"cuid":                   {prismaPostgres, idsCUID},
	"uuid":                   {plain("UUID"), idsUUID},
	"uuids as text, no time": {plain("TEXT"), idsUUID},
	"serial":                 {serialTable, idsDatabase},
	"read back": {`CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
		"createdAt" TIMESTAMPTZ NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL, likes INTEGER NOT NULL DEFAULT 7)`, idsCUID},
}

// join opens so many stores on one table, as gateways among others.
func join(t testing.TB, n int, c Config) []*Store {
	t.Helper()
	list := make([]*Store, n)
	for i := range list {
		c.Node = fmt.Sprint("gateway ", i)
		list[i] = open(t, c)
	}
	return list
}

// everything reads all rows behind a position, in small steps.
func everything(t testing.TB, s *Store, after uint64) (rows []message.Kept, through uint64) {
	t.Helper()
	for through = after; ; {
		more, now, err := s.After(t.Context(), through, 7)
		must(t, err)
		rows = append(rows, more...)
		if len(more) < 7 {
			return rows, now
		}
		through = now
	}
}

func TestFourGatewaysCommitInOneStrictOrder(t *testing.T) {
	t.Parallel()
	for name, c := range orders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, c.schema)
			commitInOneOrder(t, join(t, 4, Config{URL: url, IDKind: c.kind, Timeout: patience}))
		})
	}
}

// The defaults of a database are the app's own affair.
func TestTheOrderHoldsUnderEveryDefaultIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable", "read uncommitted"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, twoRooms+`; INSERT INTO "Room" VALUES ('r0', '')`)
			dbtest.Exec(t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', current_database(), '`+level+`'); END $$`)
			commitInOneOrder(t, join(t, 3, Config{URL: url, Timeout: patience}))
		})
	}
}

func TestTheOrderHoldsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"cuid", "serial", "read back"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := orders[kind]
			url := dbtest.PgBouncer(t, dbtest.Postgres(t, c.schema))
			commitInOneOrder(t, join(t, 3, Config{URL: url, IDKind: c.kind, Timeout: patience}))
		})
	}
}

// The app may sort by nothing else.
func TestWhatGatewaysSayInTurnIsToldApartByItsTime(t *testing.T) {
	t.Parallel()
	for name, c := range orders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores := join(t, 3, Config{URL: dbtest.Postgres(t, c.schema), IDKind: c.kind, Timeout: patience})
			var last time.Time
			for n := range 60 {
				stored, err := save(t, stores[n%len(stores)], draft("r0", fmt.Sprint(n)))
				must(t, err)
				if !stored.CreatedAt.After(last) {
					t.Errorf("message %d at %s is not after %s", n, stored.CreatedAt, last)
				}
				last = stored.CreatedAt
			}
		})
	}
}

// commitInOneOrder has all of them commit at once, while somebody reads.
func commitInOneOrder(t *testing.T, stores []*Store) {
	t.Helper()
	watched, over := make(chan []message.Kept), make(chan struct{})
	go func() { watched <- watch(t, stores[0], over) }()
	told := sendAll(t, stores)
	close(over)
	seen := <-watched
	if len(seen) != len(told) {
		t.Fatalf("a reader saw %d rows of %d", len(seen), len(told))
	}
	slices.SortFunc(told, func(a, b message.Stored) int { return cmp.Compare(a.Position, b.Position) })
	at := map[string]time.Time{}
	for i, k := range seen {
		a := told[i]
		if a.Position != k.Position || string(a.ID) != string(k.ID) {
			t.Fatalf("row %d: a reader saw %d %s, its sender %d %s", i, k.Position, k.ID, a.Position, a.ID)
		}
		if i > 0 && a.Previous != told[i-1].Position {
			t.Errorf("row %d at %d says that %d was before it, not %d", i, a.Position, a.Previous, told[i-1].Position)
		}
		if last := at[string(k.Room)]; a.CreatedAt.Before(last) { // equal where they come so fast, see farthestBefore
			t.Errorf("row %d at %s is before %s", i, a.CreatedAt, last)
		}
		at[string(k.Room)] = a.CreatedAt
		if stores[0].mapping.CreatedAt != nil && !k.CreatedAt.Equal(a.CreatedAt) {
			t.Errorf("row %d is of %s, its sender was told %s", i, k.CreatedAt, a.CreatedAt)
		}
	}
	now, err := stores[1].Now(t.Context())
	must(t, err)
	if now != told[len(told)-1].Position {
		t.Errorf("the clock is at %d, the last message at %d", now, told[len(told)-1].Position)
	}
}

// sendAll has five senders at each send 20 messages one after the other, and gives the answers.
func sendAll(t *testing.T, stores []*Store) (told []message.Stored) {
	var mu sync.Mutex
	var running sync.WaitGroup
	for i, s := range stores {
		for sender := range 5 {
			running.Go(func() {
				for n := range 20 {
					stored, err := save(t, s, draft(fmt.Sprint("r", n%3), fmt.Sprint(i, " ", sender, " ", n)))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					told = append(told, stored)
					mu.Unlock()
				}
			})
		}
	}
	running.Wait()
	return told
}

// watch reads what comes until over is closed, and then the rest. What it has passed it never sees again.
func watch(t *testing.T, s *Store, over chan struct{}) (seen []message.Kept) {
	through := s.Head()
	for last := false; ; {
		select {
		case <-over:
			last = true
		default:
		}
		rows, now := everything(t, s, through)
		for _, k := range rows {
			if k.Position <= through || k.Position > now {
				t.Errorf("a row at %d was read between %d and %d", k.Position, through, now)
			}
		}
		seen = append(seen, rows...)
		through = now
		if last {
			return seen
		}
	}
}
