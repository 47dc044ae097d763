package sessions

import (
	"context"
	"database/sql"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sqlite asks a query of a SQLite file.
type sqlite struct {
	query string
	db    *sql.DB
}

func openSQLite(ctx context.Context, u database.URL, q question) (driver, error) {
	path, err := u.File()
	if err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(path, database.Read, q.connections)
	if err != nil {
		return nil, err
	}
	_, columns, err := database.SQLiteRow(ctx, db, q.sql, q.try...)
	if err == nil {
		err = q.checkSQLite(columns)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return &sqlite{q.sql, db}, nil
}

func (s *sqlite) ask(ctx context.Context, args ...any) ([]any, error) {
	row, _, err := database.SQLiteRow(ctx, s.db, s.query, args...)
	return row, err
}

func (s *sqlite) askEach(ctx context.Context, sets [][]any) ([][]any, error) {
	return database.SQLiteRows(ctx, s.db, s.query, sets)
}

func (s *sqlite) printsWide() bool { return false }

func (s *sqlite) close() { s.db.Close() }
