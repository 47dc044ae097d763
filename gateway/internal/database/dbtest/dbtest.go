// Package dbtest gives tests databases of their own: on the Postgres server of TEST_DATABASE_URL, on a server that the test
// may stop, behind a proxy that loses what it should, or in a SQLite file. Each is gone when its test ends.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// patience is how long one call to a server may take.
const patience = 20 * time.Second

// Postgres gives the URL of a database of the test's own, in which the schema has been run.
func Postgres(t testing.TB, schema string) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" && testing.Short() {
		t.Skip("needs TEST_DATABASE_URL, and -short runs without servers")
	}
	if server == "" {
		t.Fatal("TEST_DATABASE_URL is not set: scripts/test starts a Postgres and sets it; by hand: " +
			"export TEST_DATABASE_URL=$(scripts/postgres start -unsynced /tmp/pg)")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not a URL")
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	create(t, server, name)
	t.Cleanup(func() { Exec(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	if schema != "" {
		Exec(t, u.String(), schema)
	}
	return u.String()
}

// create makes a database by copying files. By the log, as is usual since PostgreSQL 15, it costs a server that does not sync four times
// as much.
func create(t testing.TB, server, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	must(t, err)
	defer conn.Close(ctx)
	sql := "CREATE DATABASE " + name
	if major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), "."); len(major) == 2 && major >= "15" {
		sql += " STRATEGY FILE_COPY"
	}
	_, err = conn.Exec(ctx, sql)
	must(t, err)
}

// AsRole gives the URL for a role of the test's own, which has been granted that and no more.
func AsRole(t testing.TB, url, grants string) string {
	t.Helper()
	role := "role_" + strings.ToLower(rand.Text()[:12])
	Exec(t, url, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { Exec(t, url, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	for grant := range strings.SplitSeq(grants, ";") {
		Exec(t, url, grant+" TO "+role)
	}
	return strings.Replace(url, "postgres@", role+"@", 1)
}

// Server starts a Postgres of the test's own, on which the schema is run. Control stops, crashes and starts it again.
// The test's working directory is three below the repository's.
func Server(t testing.TB, schema string) (url string, control func(command string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Postgres, and -short runs without servers")
	}
	script, err := filepath.Abs("../../../scripts/postgres")
	must(t, err)
	// Not t.TempDir: its parent is closed to the user that Postgres runs as.
	dir, err := os.MkdirTemp("", "socketgate-test-")
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
	Exec(t, url, schema)
	return url, func(command string) { call(command) }
}

// Exec runs SQL on a connection of its own.
func Exec(t testing.TB, url, sql string) {
	t.Helper()
	if err := Try(t, url, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Try is Exec for what the server may refuse.
func Try(t testing.TB, url, sql string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// Column reads one text column of all rows, on a connection of its own, on which the first statements are run before.
func Column(t testing.TB, url, sql string, first ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx)
	for _, statement := range first {
		_, err := conn.PgConn().Exec(ctx, statement).ReadAll()
		must(t, err)
	}
	rows, err := conn.Query(ctx, sql)
	must(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return list
}

// SQLite makes the file of a file: URL, runs the schema in it, and gives a connection of the test's own.
func SQLite(t testing.TB, url, schema string) *sql.DB {
	t.Helper()
	u, err := database.Parse(url)
	must(t, err)
	db, err := database.OpenSQLite(u.NewFile(), database.Create, 4)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(schema)
	must(t, err)
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// DocumentedRole runs deploy/postgres/role.sql as an operator would, under a name of the test's own, and gives the URL of that
// role. The script grants rights on tables that must be there. The test's working directory is three below the repository's.
func DocumentedRole(t testing.TB, owner string) string {
	t.Helper()
	script, err := os.ReadFile("../../../deploy/postgres/role.sql")
	must(t, err)
	role := "role_" + strings.ToLower(rand.Text()[:12])
	sql := strings.NewReplacer("ROLE socketgate", "ROLE "+role, "TO socketgate", "TO "+role, ":password", "'p'").Replace(string(script))
	Exec(t, owner, sql)
	t.Cleanup(func() { Exec(t, owner, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	u, err := url.Parse(owner)
	must(t, err)
	u.User = url.UserPassword(role, "p")
	return u.String()
}
