package sessions

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sqlite asks a query of a SQLite file.
type sqlite struct {
	query query
	db    *sql.DB
}

func openSQLite(ctx context.Context, u database.URL, q query) (driver, error) {
	path, err := u.File()
	if err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(path, database.Read, q.connections)
	if err != nil {
		return nil, err
	}
	s := &sqlite{q, db}
	if err := s.check(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// check tries the query with what nobody has.
func (s *sqlite) check(ctx context.Context) error {
	if !strings.Contains(s.query.sql, "$1") {
		return fmt.Errorf("must use $1 (%s)", s.query.parameter)
	}
	_, columns, err := database.SQLiteRow(ctx, s.db, s.query.sql, "")
	if err != nil {
		return err
	}
	return s.query.checkColumns(columns)
}

func (s *sqlite) ask(ctx context.Context, parameter string) ([]any, error) {
	row, _, err := database.SQLiteRow(ctx, s.db, s.query.sql, parameter)
	return row, err
}

func (s *sqlite) close() { s.db.Close() }
