package sessions

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second // how long a test waits for what must come

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const sessionTables = `CREATE TABLE session (token TEXT, owner %s, "expiresAt" %s); CREATE TABLE person (id %s, name TEXT)`

func open(t *testing.T, url, query string) *Sessions {
	t.Helper()
	s, err := Open(t.Context(), url, query, patience)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestTheSessionQueryTellsWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	const rows = `; INSERT INTO person VALUES ('ann', 'Ann'), ('bob', NULL);
		INSERT INTO session VALUES ('t1', 'ann', '2030-01-02 03:04:05.678'), ('t2', 'bob', NULL), ('t3', 'ann', '2030-01-02 03:04:05.678')`
	tables := strings.NewReplacer("owner %s", "owner TEXT", "id %s", "id TEXT", "%s", "TIMESTAMP(3)").Replace(sessionTables) + rows
	pg := dbtest.Postgres(t, tables)
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, tables)
	const query = `SELECT p.id, p.name, s."expiresAt" FROM session s JOIN person p ON p.id = s.owner WHERE s.token = $1`
	for name, url := range map[string]string{"postgres": pg, "pgbouncer": pg + "?pgbouncer=true", "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, url, query)
			ann, err := s.Claims(t.Context(), "t1")
			if err != nil || ann.UserID != "ann" || string(ann.UserIDJSON) != `"ann"` || ann.Username != "Ann" ||
				!ann.Expires.Equal(time.Date(2030, 1, 2, 3, 4, 5, 678e6, time.UTC)) {
				t.Errorf("t1: %+v, %v", ann, err)
			}
			bob, err := s.Claims(t.Context(), "t2")
			if err != nil || bob.UserID != "bob" || bob.Username != "bob" || !bob.Expires.IsZero() {
				t.Errorf("t2: %+v, %v", bob, err)
			}
			for _, nobody := range []string{"", "t", "t1 ", "' OR ''='", "t1'; DROP TABLE session; --", "\x00", "\xff", strings.Repeat("x", 16_000)} {
				if c, err := s.Claims(t.Context(), nobody); !errors.Is(err, token.ErrNoSession) || c.UserID != "" {
					t.Errorf("%.20q: %+v, %v", nobody, c, err)
				}
			}
			for query, want := range map[string]string{
				"SELECT FROM WHERE $1":    "SESSION_QUERY",
				"SELECT 1":                "$1",
				"SELECT 1 WHERE $1 <> $2": "SESSION_QUERY",
				`SELECT owner FROM sessions WHERE token = $1`:            "SESSION_QUERY",
				`SELECT 1, 2, 3, 4 FROM session WHERE token = $1`:        "4 columns",
				`DELETE FROM session WHERE token = $1 AND token = 'not'`: "SESSION_QUERY",
			} {
				if s, err := Open(t.Context(), url, query, patience); err == nil {
					s.Close()
					if query != "SELECT 1 WHERE $1 <> $2" || name != "sqlite" { // which takes what is missing for NULL
						t.Errorf("%s: opened", query)
					}
				} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SESSION_QUERY") {
					t.Errorf("%s: %v", query, err)
				}
			}
		})
	}
}

func TestSessionsHaveNumbersAndUUIDs(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	for query, want := range map[string]string{
		`SELECT 42, $1::text`:                                           `42`,
		`SELECT 9007199254740993, $1::text`:                             `"9007199254740993"`,
		`SELECT 42::bigint, $1::text`:                                   `"42"`,
		`SELECT 42::numeric, $1::text`:                                  `"42"`,
		`SELECT 7::smallint, $1::text`:                                  `7`,
		`SELECT 'c0ffee11-0000-4000-8000-0000000000ff'::uuid, $1::text`: `"c0ffee11-0000-4000-8000-0000000000ff"`,
	} {
		c, err := open(t, url, query).Claims(t.Context(), "Name")
		if err != nil || string(c.UserIDJSON) != want || c.UserID != strings.Trim(want, `"`) || c.Username != "Name" {
			t.Errorf("%s: %+v (%s), %v", query, c, c.UserIDJSON, err)
		}
	}
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, `CREATE TABLE account (id INTEGER)`)
	for query, want := range map[string]string{`SELECT 42, $1`: `42`, `SELECT 9007199254740993, $1`: `"9007199254740993"`} {
		if c, err := open(t, lite, query).Claims(t.Context(), "Name"); err != nil || string(c.UserIDJSON) != want {
			t.Errorf("SQLite, %s: %s, %v", query, c.UserIDJSON, err)
		}
	}
	uuids := open(t, url, `SELECT 'x' WHERE $1 = 'c0ffee11-0000-4000-8000-0000000000ff'::uuid`)
	if _, err := uuids.Claims(t.Context(), "no uuid"); !errors.Is(err, token.ErrNoSession) {
		t.Errorf("a token that the column can't hold: %v", err)
	}
}

func TestSessionEndsAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, v := range []any{at, at.Unix(), int32(at.Unix()), at.UnixMilli(), float64(at.UnixMilli()), "2030-01-02T03:04:05Z",
		"2030-01-02T03:04:05.000Z", "2030-01-02 03:04:05", "2030-01-02T03:04:05", "2030-01-02 05:04:05+02:00"} {
		if got, ok := timeOf(v); !ok || !got.Equal(at) {
			t.Errorf("%T %v: %v, %t", v, v, got, ok)
		}
	}
	// What can't be read must not become a session without an end.
	for _, v := range []any{"tomorrow", "", true, []byte("x")} {
		if c, err := claimsOf([]any{"ann", "Ann", v}); err == nil {
			t.Errorf("%v: %+v", v, c)
		}
	}
	for _, id := range []any{nil, "", true, 1.5} {
		if c, err := claimsOf([]any{id}); err == nil {
			t.Errorf("user %v: %+v", id, c)
		}
	}
}

func TestNobodyIsLoggedOutByAnOutage(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE session (token TEXT, owner TEXT)`)
	s := open(t, url, `SELECT owner FROM session WHERE token = $1`)
	dbtest.Exec(t, url, `DROP TABLE session`)
	if _, err := s.Claims(t.Context(), "t1"); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("without the table: %v", err)
	}
	slow, err := Open(t.Context(), url, `SELECT pg_sleep(60)::text WHERE $1 <> ''`, 200*time.Millisecond)
	must(t, err)
	t.Cleanup(slow.Close)
	began := time.Now()
	if _, err := slow.Claims(t.Context(), "t1"); !errors.Is(err, token.ErrUnavailable) || time.Since(began) > 10*time.Second {
		t.Errorf("past its deadline: %v after %s", err, time.Since(began))
	}
	if _, err := Open(t.Context(), "none", `SELECT $1`, patience); err == nil {
		t.Error("opened without a database")
	}
}

// A migration of the table that the session query reads must log nobody out.
func TestMigrationLogsNobodyOut(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE session (token TEXT, owner VARCHAR(20)); INSERT INTO session VALUES ('t1', 'ann')`)
	s := open(t, url, `SELECT owner FROM session WHERE token = $1`)
	if _, err := s.Claims(t.Context(), "t1"); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, `ALTER TABLE session ALTER COLUMN owner TYPE TEXT`)
	if _, err := s.Claims(t.Context(), "t1"); errors.Is(err, token.ErrNoSession) {
		t.Errorf("a good session after a migration: %v", err)
	}
}

func TestSessionOfNobodyLetsNobodyIn(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	s := open(t, url, `SELECT '{}'::json->>'user' WHERE $1 <> ''`) // express-session: a visitor who is not logged in
	if _, err := s.Claims(t.Context(), "x"); !errors.Is(err, token.ErrNoSession) {
		t.Errorf("a session of nobody: %v", err)
	}
	n := open(t, url, `SELECT 42::numeric, 'Ann', extract(epoch FROM timestamptz '2030-01-01 00:00:00Z') WHERE $1 <> ''`)
	if c, err := n.Claims(t.Context(), "x"); err != nil || c.UserID != "42" || c.Expires.UTC().Year() != 2030 {
		t.Errorf("numbers: %+v %v", c, err)
	}
}

func TestAServerThatGoesMuteDoesNotHoldAStart(t *testing.T) {
	t.Parallel()
	p, url := dbtest.NewProxy(t, dbtest.Postgres(t, ""))
	p.Mute.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Open(ctx, url, "SELECT $1::text", patience)
	if took := time.Since(began); took > 5*time.Second { // pgx alone would wait 15 s for a goodbye
		t.Errorf("took %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "no answer in time from 127.0.0.1:") {
		t.Errorf("error %v", err)
	}
}

func TestAQueryThatMayNotBeAskedStopsTheStart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE public_one (a TEXT); CREATE TABLE "Member" ("roomId" INTEGER, "userId" TEXT)`)
	as := dbtest.AsRole(t, url, `GRANT ALL ON public_one`)
	for _, mode := range []string{"", "?pgbouncer=true"} {
		if s, err := Open(t.Context(), as+mode, `SELECT "userId" FROM "Member" WHERE "roomId" = $1`, patience); err == nil {
			s.Close()
			t.Error("sessions that let nobody in were opened")
		} else if !strings.Contains(err.Error(), "SESSION_QUERY") || !strings.Contains(err.Error(), "42501") {
			t.Errorf("error %v", err)
		}
	}
}
