package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const (
	connections = 4 // of each query
	openTimeout = time.Minute
)

// driver asks one query of one kind of database. Its arguments are texts, int64 or nil.
type driver interface {
	// ask gives the first row, or nil where there is none. Errors are faults.
	ask(ctx context.Context, args ...any) ([]any, error)
	// askEach is ask for many sets of arguments at once. An error is for all of them.
	askEach(ctx context.Context, sets [][]any) ([][]any, error)
	// close ends the connections, and with them what is under way.
	close()
}

// question is a query of the app's own, and how a start looks at it.
type question struct {
	sql           string
	uses          bool   // it uses the parameters that it must
	lack          string // what to say where it does not
	try           []any  // arguments that nobody has, to try it with
	checkPostgres func(*pgconn.StatementDescription) error
	checkSQLite   func(database.SQLiteColumns) error
}

func openDriver(ctx context.Context, url string, q question) (driver, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	u, err := database.Parse(url)
	if err != nil {
		return nil, err
	}
	if !q.uses {
		return nil, errors.New(q.lack)
	}
	switch u.Kind {
	case database.Postgres:
		return openPostgres(ctx, u, q)
	case database.SQLite:
		return openSQLite(ctx, u, q)
	}
	return nil, errors.New("needs a database, but DATABASE_URL is none")
}
