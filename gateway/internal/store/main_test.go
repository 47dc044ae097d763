package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

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

// newPostgres gives the URL of a database of the test's own, in which the schema has been run.
func newPostgres(t testing.TB, schema string) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" && testing.Short() {
		t.Skip("needs TEST_DATABASE_URL, and -short runs without servers")
	}
	if server == "" {
		t.Fatal("TEST_DATABASE_URL is not set: scripts/test starts a Postgres and sets it; by hand: " +
			"export TEST_DATABASE_URL=$(scripts/postgres start /tmp/pg)")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not a URL")
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	run(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	if schema != "" {
		run(t, u.String(), schema)
	}
	return u.String()
}

// newSQLite gives the URL of a file with the demo's table.
func newSQLite(t testing.TB) string {
	t.Helper()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	must(t, CreateDemoTable(t.Context(), url))
	return url
}

// startServer starts a Postgres of the test's own, which control stops, crashes and starts again.
func startServer(t testing.TB) (url string, control func(command string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Postgres, and -short runs without servers")
	}
	script, err := filepath.Abs("../../../scripts/postgres")
	must(t, err)
	// Not t.TempDir: its parent is closed to the user that Postgres runs as.
	dir, err := os.MkdirTemp("", "store-test-")
	must(t, err)
	call := func(command string) string {
		out, err := exec.Command(script, command, dir).Output()
		if err != nil {
			t.Errorf("scripts/postgres %s: %v: %s", command, err, err.(*exec.ExitError).Stderr)
		}
		return strings.TrimSpace(string(out))
	}
	t.Cleanup(func() {
		call("crash")
		must(t, os.RemoveAll(dir))
	})
	url = call("start")
	if t.Failed() {
		t.FailNow()
	}
	run(t, url, prismaPostgres)
	return url, func(command string) { call(command) }
}

// run executes SQL on a connection of its own.
func run(t testing.TB, url, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// column reads one text column of all rows, on a connection of its own.
func column(t testing.TB, url, sql string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql)
	must(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return list
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

func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.committed, c.failed)
}

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
