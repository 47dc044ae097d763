package sessions

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/token"
)

// Revocations tell which logins the app has ended before their time. Its methods may be called from any goroutine.
type Revocations struct {
	timeout time.Duration
	driver  driver
	log     *slog.Logger
	unclear sync.Once // the log has been told of an answer that is neither yes nor no
}

// OpenRevocations connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for the user's
// id, $2 for the token's (its jti, or NULL) and $3 for when it was issued (its iat in seconds since 1970, or NULL), of which it
// may use any. A row whose first column says so clearly means that the login has been revoked. Timeout bounds each question, ctx
// the opening only, which takes no longer than a minute. The caller must Close.
func OpenRevocations(ctx context.Context, url, query string, timeout time.Duration, log *slog.Logger) (*Revocations, error) {
	d, err := openDriver(ctx, url, revocationQuestion(url, query))
	if err != nil {
		return nil, err
	}
	return &Revocations{timeout: timeout, driver: d, log: log}, nil
}

func revocationQuestion(url, query string) question {
	q := question{
		variable:      "REVOKED_QUERY",
		sql:           query,
		connections:   4,
		uses:          len(parameters(query)) > 0,
		lack:          "must use one of $1 (the user), $2 (the token's id) and $3 (when it was issued)",
		try:           []any{"", "", int64(0)},
		checkPostgres: checkRevocations,
		checkSQLite:   database.CheckSQLiteAnswer,
	}
	if u, err := database.Parse(url); err == nil && u.Kind == database.Postgres {
		q.sql = withAllParameters(query)
	}
	return q
}

func checkRevocations(d *pgconn.StatementDescription) error {
	if n := len(d.ParamOIDs); n > 3 {
		return fmt.Errorf("may use $1 (the user), $2 (the token's id) and $3 (when it was issued); it has %d parameters", n)
	}
	if len(d.ParamOIDs) == 3 && !slices.Contains(seconds, d.ParamOIDs[2]) {
		return fmt.Errorf("$3 is seconds since 1970: write to_timestamp($3) where it is compared with a time")
	}
	return database.CheckPostgresAnswer(d.Fields)
}

// seconds are the types of Postgres that hold seconds since 1970.
var seconds = []uint32{pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float8OID, pgtype.TextOID, pgtype.VarcharOID}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// parameters lists what looks like a parameter, in order and each once.
func parameters(query string) []string {
	return slices.Compact(slices.Sorted(slices.Values(parameter.FindAllString(query, -1))))
}

// withAllParameters gives a type to the parameters that a query leaves out below the last that it uses: Postgres could not tell
// theirs. The app's own text stays as it is.
func withAllParameters(query string) string {
	used := parameters(query)
	var unused []string
	for _, p := range []string{"$1", "$2"} {
		if !slices.Contains(used, p) && len(used) > 0 && p < used[len(used)-1] {
			unused = append(unused, p+"::text")
		}
	}
	if unused == nil {
		return query
	}
	query = strings.TrimRight(query, "; \t\r\n")
	return fmt.Sprintf("SELECT answer.* FROM (\n%s\n) AS answer, (SELECT %s) AS unused", query, strings.Join(unused, ", "))
}

// Close ends the connections, and with them what is under way.
func (r *Revocations) Close() { r.driver.close() }

// Revoked tells whether a login has been revoked. The error is token.ErrUnavailable and why. A login that the query's types
// can't hold counts as revoked: the database can't vouch for it.
func (r *Revocations) Revoked(ctx context.Context, login token.Login) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	row, err := r.driver.ask(ctx, revocationArgs(login)...)
	switch {
	case database.IsRejected(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("%w: REVOKED_QUERY: %w", token.ErrUnavailable, err)
	}
	return r.saysYes(row), nil
}

// Ended is Revoked for many logins at once. Only a clear yes ends one; an error is for all of them.
func (r *Revocations) Ended(ctx context.Context, logins []token.Login) ([]bool, error) {
	sets := make([][]any, len(logins))
	for i, login := range logins {
		sets[i] = revocationArgs(login)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	rows, err := askEach(ctx, r.driver, sets)
	if err != nil {
		return nil, fmt.Errorf("%w: REVOKED_QUERY: %w", token.ErrUnavailable, err)
	}
	ended := make([]bool, len(logins))
	for i, row := range rows {
		ended[i] = r.saysYes(row)
	}
	return ended, nil
}

func (r *Revocations) saysYes(row []any) bool {
	answer := database.Judge(row)
	if answer == database.Unclear {
		r.unclear.Do(func() {
			r.log.Warn("REVOKED_QUERY gives a value that says neither yes nor no, which counts as no: let its first column be true or 1 for what is revoked")
		})
	}
	return answer == database.Yes
}

func revocationArgs(login token.Login) []any {
	args := []any{clean(login.UserID), nil, nil}
	if login.TokenID != "" {
		args[1] = clean(login.TokenID)
	}
	if login.IssuedAt != 0 {
		args[2] = login.IssuedAt
	}
	return args
}

// clean takes out NUL, which Postgres takes for a broken connection.
func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\ufffd") }
