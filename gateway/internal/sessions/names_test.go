package sessions

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

func openNames(t *testing.T, url, query string, timeout time.Duration) *Names {
	t.Helper()
	n, err := OpenNames(t.Context(), url, query, timeout)
	must(t, err)
	t.Cleanup(n.Close)
	return n
}

func TestUsersAreCalledByTheirFirstNameThatIsNoAddress(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE person (id %s, username TEXT, name TEXT);
		INSERT INTO person VALUES (1, 'ann@example.com', 'Ann'), (2, 'bob', 'Bob'), (3, NULL, ' '), (4, 'cid@example.com', 'Cid <cid@example.com>'), (5, '', ' Eve ')`
	tables := strings.ReplaceAll(table, "%s", "INTEGER")
	pg := dbtest.Postgres(t, tables)
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, tables)
	const query = `SELECT username, name FROM person WHERE id = $1`
	for name, url := range map[string]string{"postgres": pg, "pgbouncer": pg + "?pgbouncer=true", "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := openNames(t, url, query, patience)
			for user, want := range map[string]string{"1": "Ann", "2": "bob", "3": "", "4": "", "5": "Eve", "6": "", "x": "", "": "", "1\x00": "", "' OR ''='": ""} {
				for range 2 {
					if got, err := n.Name(t.Context(), user); got != want || err != nil {
						t.Errorf("%q: %q, %v, want %q", user, got, err, want)
					}
				}
			}
			for query, want := range map[string]string{
				"SELECT 1": "$1",
				"SELECT nickname FROM person WHERE id = $1": "USER_QUERY",
				"SELECT FROM WHERE $1":                      "USER_QUERY",
			} {
				if n, err := OpenNames(t.Context(), url, query, patience); err == nil {
					n.Close()
					t.Errorf("%s: opened", query)
				} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "USER_QUERY") {
					t.Errorf("%s: %v", query, err)
				}
			}
		})
	}
}

func TestANameIsAskedForOnceAMinute(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE person (id TEXT, name TEXT); INSERT INTO person VALUES ('u1', 'Ann')`)
	n := openNames(t, url, `SELECT name FROM person WHERE id = $1`, patience)
	for range 2 {
		if got, err := n.Name(t.Context(), "u1"); got != "Ann" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		dbtest.Exec(t, url, `UPDATE person SET name = 'Anna'`)
	}
	n.mu.Lock()
	n.kept["u1"] = keptName{"Ann", time.Now().Add(-nameAge)}
	n.mu.Unlock()
	if got, _ := n.Name(t.Context(), "u1"); got != "Anna" {
		t.Errorf("after a minute: %q", got)
	}
}

// A database that does not answer makes the first ones wait, and nobody after them.
func TestNobodyWaitsLongForAName(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	n := openNames(t, url, `SELECT pg_sleep(CASE WHEN $1 <> '' THEN 60 ELSE 0 END)::text`, 200*time.Millisecond)
	began := time.Now()
	if _, err := n.Name(t.Context(), "u1"); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("past its deadline: %v after %s", err, time.Since(began))
	}
	began = time.Now()
	for range 100 {
		if _, err := n.Name(t.Context(), "u2"); !errors.Is(err, ErrNamesAway) {
			t.Fatalf("right after: %v", err)
		}
	}
	if took := time.Since(began); took > 100*200*time.Millisecond/4 {
		t.Errorf("a hundred waited %s", took)
	}
}
