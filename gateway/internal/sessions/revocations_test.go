package sessions

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/pkg/token"
)

const revocationTables = `CREATE TABLE "Session" (id TEXT, "userId" TEXT); INSERT INTO "Session" VALUES ('jti-1', 'ann');
	CREATE TABLE "User" (id INTEGER, banned BOOLEAN, changed BIGINT); INSERT INTO "User" VALUES (1, false, 1000), (2, true, 1000)`

func openRevocations(t *testing.T, url, query string) *Revocations {
	t.Helper()
	r, err := OpenRevocations(t.Context(), url, query, patience, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(r.Close)
	return r
}

// databases are the kinds that a query of the app's own may be asked of, each with those tables.
func databases(t *testing.T, tables string) map[string]string {
	t.Helper()
	pg := dbtest.Postgres(t, tables)
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, tables)
	return map[string]string{"postgres": pg, "pgbouncer": pg + "?pgbouncer=true", "sqlite": lite}
}

func TestARevocationMayGoByUserTokenOrTime(t *testing.T) {
	t.Parallel()
	for name, url := range databases(t, revocationTables) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				query string
				login token.Login
				want  bool
			}{
				{`SELECT NOT EXISTS (SELECT 1 FROM "Session" WHERE id = $2)`, token.Login{UserID: "ann", TokenID: "jti-1", IssuedAt: 5}, false},
				{`SELECT NOT EXISTS (SELECT 1 FROM "Session" WHERE id = $2)`, token.Login{UserID: "ann", TokenID: "jti-2", IssuedAt: 5}, true},
				{`SELECT NOT EXISTS (SELECT 1 FROM "Session" WHERE id = $2); `, token.Login{UserID: "ann"}, true},
				{`SELECT NOT EXISTS (SELECT 1 FROM "Session" WHERE id = $2 AND "userId" = $1)`, token.Login{UserID: "bob", TokenID: "jti-1"}, true},
				{`SELECT banned FROM "User" WHERE id = $1`, token.Login{UserID: "1", TokenID: "x"}, false},
				{`SELECT banned FROM "User" WHERE id = $1`, token.Login{UserID: "2"}, true},
				{`SELECT banned FROM "User" WHERE id = $1 -- $1`, token.Login{UserID: "3"}, false}, // no row is no yes
				{`SELECT true FROM "User" WHERE id = $1 AND changed > $3`, token.Login{UserID: "1", IssuedAt: 999}, true},
				{`SELECT true FROM "User" WHERE id = $1 AND changed > $3`, token.Login{UserID: "1", IssuedAt: 1001}, false},
				{`SELECT true FROM "User" WHERE id = $1 AND changed > $3`, token.Login{UserID: "1"}, false},
				{`SELECT max(changed) > $3 FROM "User" -- by the time alone`, token.Login{UserID: "1", IssuedAt: 999}, true},
			} {
				r := openRevocations(t, url, c.query)
				one, err := r.Revoked(t.Context(), c.login)
				many, errs := r.Ended(t.Context(), []token.Login{c.login, c.login})
				if err != nil || errs != nil || one != c.want || !slices.Equal(many, []bool{c.want, c.want}) {
					t.Errorf("%s of %+v: %t, %v and %v, %v, want %t", c.query, c.login, one, err, many, errs, c.want)
				}
			}
		})
	}
}

func TestARevocationQueryThatCannotBeJudgedStopsTheStart(t *testing.T) {
	t.Parallel()
	pg := dbtest.Postgres(t, revocationTables+`; ALTER TABLE "User" ADD COLUMN at TIMESTAMPTZ`)
	for _, query := range []string{`SELECT 1`, `SELECT id::bytea FROM "Session" WHERE id = $2`, `SELECT FROM "Session" WHERE id = $2`, `SELECT true FROM nowhere WHERE id = $1`,
		`SELECT true FROM "User" WHERE at > $3`, `SELECT true WHERE $1 || $2 || $3 = $4`} {
		if r, err := OpenRevocations(t.Context(), pg, query, patience, slog.New(slog.DiscardHandler)); err == nil {
			r.Close()
			t.Errorf("%s: opened", query)
		} else if !strings.HasPrefix(err.Error(), "REVOKED_QUERY: ") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := OpenRevocations(t.Context(), "none", `SELECT $1`, patience, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened without a database")
	}
}

func TestALoginThatTheDatabaseCannotHoldIsNotVouchedFor(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, revocationTables)
	r := openRevocations(t, url, `SELECT banned FROM "User" WHERE id = $1`)
	for _, user := range []string{"no number", "1'; DROP TABLE \"User\"; --", "1\x00"} {
		if revoked, err := r.Revoked(t.Context(), token.Login{UserID: user}); err != nil || !revoked {
			t.Errorf("%q: %t, %v", user, revoked, err)
		}
	}
	// Beside others it costs those nothing.
	ended, err := r.Ended(t.Context(), []token.Login{{UserID: "1"}, {UserID: "no number"}, {UserID: "2"}})
	if err != nil || !slices.Equal(ended, []bool{false, false, true}) {
		t.Errorf("%v, %v", ended, err)
	}
	dbtest.Exec(t, url, `DROP TABLE "User"`)
	if revoked, err := r.Revoked(t.Context(), token.Login{UserID: "1"}); revoked || !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("in an outage: %t, %v", revoked, err)
	}
	if ended, err := r.Ended(t.Context(), []token.Login{{UserID: "1"}}); ended != nil || !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("in an outage: %v, %v", ended, err)
	}
}

func TestSessionsThatAreGoneOrAnothersHaveEnded(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE session (token TEXT, owner TEXT, ends TEXT);
		INSERT INTO session VALUES ('good', 'ann', '2099-01-01 00:00:00'), ('over', 'ann', '2001-01-01 00:00:00'), ('another', 'bob', NULL), ('nobody', NULL, NULL)`
	for name, url := range databases(t, tables) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, url, `SELECT owner, owner, ends FROM session WHERE token = $1`)
			if c, err := s.Claims(t.Context(), "good"); err != nil || c.Login() != (token.Login{UserID: "ann", Session: "good"}) {
				t.Errorf("%+v, %v", c.Login(), err)
			}
			var logins []token.Login
			for _, session := range []string{"good", "over", "another", "nobody", "gone"} {
				logins = append(logins, token.Login{UserID: "ann", Session: session})
			}
			if ended, err := s.Ended(t.Context(), logins); err != nil || !slices.Equal(ended, []bool{false, true, true, true, true}) {
				t.Errorf("%v, %v", ended, err)
			}
		})
	}
	short, err := Open(t.Context(), dbtest.Postgres(t, ""), `SELECT pg_sleep(60)::text WHERE $1 <> ''`, 100*time.Millisecond)
	must(t, err)
	t.Cleanup(short.Close)
	if ended, err := short.Ended(t.Context(), []token.Login{{UserID: "ann", Session: "x"}}); ended != nil || !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("past its deadline: %v, %v", ended, err)
	}
}
