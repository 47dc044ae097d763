package dbtest

import (
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
)

// PgBouncer starts a PgBouncer in transaction mode with few server connections, and gives the URL that leads
// through it to that database, as Prisma's documentation writes it.
func PgBouncer(t testing.TB, database string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a PgBouncer, and -short runs without servers")
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Fatal("no pgbouncer: apt-get install pgbouncer")
	}
	u, err := url.Parse(database)
	must(t, err)
	dir, err := os.MkdirTemp("", "socketgate-test-") // not t.TempDir: its parent is closed to another user
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
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", u.Host, time.Second)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("pgbouncer: %s", said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
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
