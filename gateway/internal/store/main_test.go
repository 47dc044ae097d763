package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second // how long a test waits for what must come

// prismaPostgres is what Prisma's migration makes of the default Message model.
const prismaPostgres = `CREATE TABLE "Message" (
    "id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "roomId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Message_pkey" PRIMARY KEY ("id")
)`

// prismaSQLite is what Prisma's migration for SQLite makes of it.
const prismaSQLite = `CREATE TABLE IF NOT EXISTS "Message" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
)`

// newSQLite gives the URL of a file with the default table.
func newSQLite(t testing.TB) string {
	t.Helper()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, url, prismaSQLite)
	return url
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	must(t, err)
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(t, s.Close(ctx))
}

// draft is a message of one user with that text.
func draft(room, text string) message.Draft {
	return message.Draft{Room: room, User: "u1", Username: "Ann", Text: text}
}

// save saves one message and waits for its answer.
func save(t testing.TB, s *Store, d message.Draft) (message.Stored, error) {
	t.Helper()
	type answer struct {
		stored message.Stored
		err    error
	}
	answered := make(chan answer, 2)
	s.Save(d, func(stored message.Stored, err error) { answered <- answer{stored, err} })
	select {
	case a := <-answered:
		return a.stored, a.err
	case <-time.After(patience):
		t.Fatal("no answer")
		panic("unreachable")
	}
}

func mustSave(t testing.TB, s *Store, d message.Draft) message.Stored {
	t.Helper()
	stored, err := save(t, s, d)
	must(t, err)
	return stored
}

// answerOf saves one message and gives where its answer will come.
func answerOf(s *Store, d message.Draft) <-chan error {
	answer := make(chan error, 2)
	s.Save(d, func(_ message.Stored, err error) { answer <- err })
	return answer
}

// atOnce gives the answer that came before Save returned, or nil.
func atOnce(s *Store, d message.Draft) error {
	select {
	case err := <-answerOf(s, d):
		return err
	default:
		return nil
	}
}

// eventually waits until what says nothing is wrong any more.
func eventually(t testing.TB, wrong func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", patience, err)
		}
		<-tick.C
	}
}

// counts is an Observer that a test reads.
type counts struct {
	mu        sync.Mutex
	committed int
	largest   int
	failed    map[string]int
	lookups   map[string]int
	sweeps    []int // how many each was for
	read      int
	missed    map[string]int
	forgotten int
}

func (c *counts) Committed(n int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.committed += n
	c.largest = max(c.largest, n)
}

func (c *counts) Failed(cause string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = map[string]int{}
	}
	c.failed[cause] += n
}

func (c *counts) LookupRefused(query, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lookups == nil {
		c.lookups = map[string]int{}
	}
	c.lookups[query+" "+reason]++
}

func (c *counts) MissedRead(askers, messages int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweeps = append(c.sweeps, askers)
	c.read += messages
}

func (c *counts) MissedRefused(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.missed == nil {
		c.missed = map[string]int{}
	}
	c.missed[cause]++
}

func (c *counts) ResendsForgotten(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten += n
}

func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.committed, c.failed)
}

// awakeNow makes the idle store believe that its connection has just answered, so that the next thing it
// sends is the insert.
func (s *Store) awakeNow() { s.table.(*postgresTable).used = time.Now().Add(time.Minute) }

// inTransaction runs SQL, closes held, and commits once release is closed.
func inTransaction(t testing.TB, url, sql string, held, release chan struct{}) {
	defer sync.OnceFunc(func() {
		select {
		case <-held:
		default:
			close(held)
		}
	})()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, "BEGIN; "+sql).ReadAll(); err != nil {
		t.Error(err)
		return
	}
	close(held)
	<-release
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		t.Error(err)
	}
}
