package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// throughPgBouncer starts a PgBouncer in transaction mode with few server connections, and gives the URL that leads
// through it to that database, as Prisma's documentation writes it.
func throughPgBouncer(t testing.TB, database string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Fatal("no pgbouncer: apt-get install pgbouncer")
	}
	u, err := url.Parse(database)
	must(t, err)
	dir, err := os.MkdirTemp("", "store-test-") // not t.TempDir: its parent is closed to another user
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	must(t, os.WriteFile(filepath.Join(dir, "users"), []byte(`"postgres" ""`), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), fmt.Appendf(nil, `
[databases]
* = host=%s port=%s user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
auth_file = %s/users
pool_mode = transaction
default_pool_size = 3
server_reset_query_always = 0
ignore_startup_parameters = extra_float_digits
`, u.Hostname(), u.Port(), port, dir), 0o644))
	args := []string{"-q", filepath.Join(dir, "pgbouncer.ini")}
	if os.Getuid() == 0 { // which PgBouncer refuses to run as
		must(t, os.Chmod(dir, 0o755))
		args = append([]string{"-u", "postgres"}, args...)
	}
	var said strings.Builder
	bouncer := exec.Command(program, args...)
	bouncer.Stdout, bouncer.Stderr = &said, &said
	must(t, bouncer.Start())
	ended := make(chan struct{})
	go func() { defer close(ended); bouncer.Wait() }()
	t.Cleanup(func() {
		bouncer.Process.Signal(syscall.SIGTERM) // at once
		<-ended
	})
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	eventually(t, func() error {
		select {
		case <-ended:
			t.Fatalf("pgbouncer: %s", said.String())
		default:
		}
		conn, err := net.DialTimeout("tcp", u.Host, time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
	u.RawQuery = "pgbouncer=true&connection_limit=4"
	return u.String()
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// In transaction mode each statement may run on another connection of the server.
func TestThroughPgBouncerInTransactionMode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a PgBouncer, and -short runs without servers")
	}
	for name, c := range map[string]struct{ migration, seed, user, room, nowhere, url string }{
		"ids of the gateway":  {"default", `INSERT INTO "User" (id, username, password) VALUES ('ann', 'ann', ''); INSERT INTO "Room" (id, name) VALUES ('lobby', '')`, "ann", "lobby", "nowhere", ""},
		"ids of the database": {"autoincrement", `INSERT INTO "User" (username) VALUES ('ann'); INSERT INTO "Chat" (title) VALUES ('')`, "1", "1", "2", ""},
		"another schema":      {"schemas", `INSERT INTO auth."User" VALUES ('ann', 'ann'); INSERT INTO chat."Room" VALUES ('lobby', '')`, "ann", "lobby", "nowhere", "&schema=chat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := dbtest.Postgres(t, migration(t, c.migration)+"; "+c.seed)
			url := throughPgBouncer(t, direct) + c.url
			report, err := Inspect(t.Context(), Config{URL: url})
			must(t, err)
			if report.Trial != (Trial{Room: c.room, User: c.user}) {
				t.Errorf("trial %+v", report.Trial)
			}
			// Two gateways share the pooler's connections: what one leaves on a connection the other would meet.
			first, second := open(t, Config{URL: url, AccessQuery: `SELECT $1 <> '' AND $2 <> ''`}), open(t, Config{URL: url})
			for range 3 {
				sendBesideABadOne(t, first, c.user, c.room, c.nowhere)
				sendBesideABadOne(t, second, c.user, c.room, c.nowhere)
				if ok, err := first.MayJoin(t.Context(), c.room, c.user); !ok || err != nil {
					t.Errorf("may join: %v %v", ok, err)
				}
			}
			answers := make([]<-chan error, 200)
			for i := range answers {
				s := []*Store{first, second}[i%2]
				room := c.room
				if i%5 == 4 {
					room = c.nowhere
				}
				answers[i] = answerOf(s, message.Draft{Room: room, User: c.user, Text: "x"})
			}
			for i, answer := range answers {
				if err := <-answer; (i%5 == 4) != (causeOf(err) == "rejected" && err != nil) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			rows, err := first.newest(t.Context(), 1000)
			must(t, err)
			if len(rows) != 3*2*2+160 {
				t.Errorf("%d rows, want %d", len(rows), 3*2*2+160)
			}
			if left := dbtest.Column(t, direct, `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`); len(left) > 0 {
				t.Errorf("connections left in a transaction: %q", left)
			}
		})
	}
}

// A pooler without pgbouncer=true loses prepared statements.
func TestStatementThatAPoolerLostIsNoRejection(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres)})
	mustSave(t, s, draft("r1", "a"))
	mustSave(t, s, draft("r1", "b"))
	p := s.table.(*postgresTable)
	if _, err := p.writer.PgConn().Exec(t.Context(), "DEALLOCATE ALL").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := save(t, s, draft("r1", "c")); errors.Is(err, message.ErrRejected) {
		t.Errorf("%v", err)
	}
}
