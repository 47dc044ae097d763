package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sessionConnections is how many sessions are asked at once.
const sessionConnections = 4

// openTimeout bounds an opening, whatever the caller's context says.
const openTimeout = time.Minute

// driver asks one query of one kind of database. Its arguments are texts, int64 or nil.
type driver interface {
	// ask gives the first row, or nil where there is none. Errors are faults.
	ask(ctx context.Context, args ...any) ([]any, error)
	// askEach is ask for many sets of arguments at once. An error is for all of them.
	askEach(ctx context.Context, sets [][]any) ([][]any, error)
	// printsWide tells whether the app's own client prints an int64 or a decimal as a text, whatever it holds: node-postgres and Prisma do. SQLite has no other integers.
	printsWide() bool
	// close ends the connections, and with them what is under way.
	close()
}

// question is a query of the app's own, and how a start looks at it.
type question struct {
	variable      string // that holds it
	sql           string
	connections   int    // most at once
	uses          bool   // it uses the parameters that it must
	lack          string // what to say where it does not
	try           []any  // arguments that nobody has, to try it with
	checkPostgres func(*pgconn.StatementDescription) error
	checkSQLite   func(database.SQLiteColumns) error
}

// oneParameter is a question with $1 alone, which is what in words, and whose rows have at most so many columns.
func oneParameter(variable, sql, what string, columns int, gives string) question {
	check := func(n int) error {
		if n < 1 || n > columns {
			return fmt.Errorf("must give %s; it gives %d columns", gives, n)
		}
		return nil
	}
	return question{
		variable: variable, sql: sql, connections: sessionConnections,
		uses: strings.Contains(sql, "$1"),
		lack: "must use $1 (" + what + ")",
		try:  []any{""},
		checkPostgres: func(d *pgconn.StatementDescription) error {
			if n := len(d.ParamOIDs); n != 1 {
				return fmt.Errorf("must use $1 (%s) and nothing else; it has %d parameters", what, n)
			}
			return check(len(d.Fields))
		},
		checkSQLite: func(c database.SQLiteColumns) error { return check(len(c.Names)) },
	}
}

// openDriver connects to the database of DATABASE_URL and checks the query. The error names its variable.
func openDriver(ctx context.Context, url string, q question) (d driver, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	u, err := database.Parse(url)
	if err != nil {
		return nil, err
	}
	switch {
	case !q.uses:
		err = errors.New(q.lack)
	case u.Kind == database.Postgres:
		d, err = openPostgres(ctx, u, q)
	case u.Kind == database.SQLite:
		d, err = openSQLite(ctx, u, q)
	default:
		err = errors.New("needs a database, but DATABASE_URL is none")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.variable, err)
	}
	return d, nil
}
