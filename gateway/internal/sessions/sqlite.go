package sessions

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sqlite asks a query of a SQLite file.
type sqlite struct {
	query string
	db    *sql.DB
}

func openSQLite(ctx context.Context, u database.URL, query string) (driver, error) {
	path, err := u.File()
	if err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(path, database.Read, connections)
	if err != nil {
		return nil, err
	}
	s := &sqlite{query, db}
	if err := s.check(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// check tries the query with a token that nobody has.
func (s *sqlite) check(ctx context.Context) error {
	if !strings.Contains(s.query, "$1") {
		return errors.New("must use $1 (the session's token)")
	}
	_, columns, err := database.SQLiteRow(ctx, s.db, s.query, "")
	if err != nil {
		return err
	}
	return checkColumns(columns)
}

func (s *sqlite) ask(ctx context.Context, session string) ([]any, error) {
	row, _, err := database.SQLiteRow(ctx, s.db, s.query, session)
	return row, err
}

func (s *sqlite) close() { s.db.Close() }
