package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// openTimeout bounds an opening, whatever the caller's context says.
const openTimeout = time.Minute

// query is SQL of the app's own, and what it should be.
type query struct {
	variable    string // that holds it
	sql         string
	parameter   string // what $1 is, in words
	columns     int    // most columns of a row
	gives       string // what they are, in words
	connections int    // most at once
}

func (q query) checkColumns(n int) error {
	if n < 1 || n > q.columns {
		return fmt.Errorf("must give %s; it gives %d columns", q.gives, n)
	}
	return nil
}

// driver asks the query of one kind of database.
type driver interface {
	// ask gives the first row for a parameter, or nil where there is none. Errors are faults.
	ask(ctx context.Context, parameter string) ([]any, error)
	// close ends the connections, and with them what is under way.
	close()
}

// openDriver connects to the database of DATABASE_URL and checks the query. The error names its variable.
func openDriver(ctx context.Context, url string, q query) (d driver, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	u, err := database.Parse(url)
	if err != nil {
		return nil, err
	}
	switch u.Kind {
	case database.Postgres:
		d, err = openPostgres(ctx, u, q)
	case database.SQLite:
		d, err = openSQLite(ctx, u, q)
	default:
		err = errors.New("needs a database, but DATABASE_URL is none")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.variable, err)
	}
	return d, nil
}
