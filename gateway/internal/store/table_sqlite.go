package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

const sqliteReaders = 4

// sqliteTable is a message table in a SQLite file. SQLite has one writer at a time, so here is one connection
// for it; WAL lets the readers read meanwhile.
type sqliteTable struct {
	mapping Mapping
	path    string
	writer  *sql.DB
	stmt    *sql.Stmt // insert, prepared; again is its twin for a second attempt
	again   *sql.Stmt
	readers *sql.DB
	order   string // of rows as they came

	accessQuery string

	deferred bool // some constraint is checked by the commit, not by the insert
}

func openSQLite(ctx context.Context, u database.URL, c Config) (table, Mapping, error) {
	path, err := u.File()
	if err != nil {
		return nil, Mapping{}, err
	}
	s := &sqliteTable{path: path}
	if err := s.open(ctx, c); err != nil {
		s.close()
		return nil, Mapping{}, err
	}
	return s, s.mapping, nil
}

func (s *sqliteTable) open(ctx context.Context, c Config) error {
	if err := s.openWriter(); err != nil {
		return err
	}
	var err error
	if s.mapping, err = s.findTable(ctx, c); err != nil {
		return err
	}
	const deferred = `SELECT sql LIKE '%INITIALLY%DEFERRED%' FROM sqlite_master WHERE type = 'table' AND name = ?`
	if err := s.writer.QueryRowContext(ctx, deferred, s.mapping.Table).Scan(&s.deferred); err != nil {
		return fmt.Errorf("read how %s was made: %w", s.mapping.name(), err)
	}
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("try an insert of no rows into %s: %w", s.mapping.name(), err)
	}
	if s.readers, err = database.OpenSQLite(s.path, database.Read, sqliteReaders); err != nil {
		return err
	}
	return s.checkAccessQuery(ctx, c.AccessQuery)
}

func (s *sqliteTable) openWriter() error {
	db, err := database.OpenSQLite(s.path, database.Write, 1)
	if err != nil {
		return err
	}
	s.writer = db
	return nil
}

// outlive has nothing to wait for: what a killed process had not committed is gone with it.
func (s *sqliteTable) outlive(context.Context) error { return nil }

// revive opens the file anew, which rolls back whatever was left open, and takes the write lock once.
func (s *sqliteTable) revive(ctx context.Context) error {
	s.writer.Close()
	if err := s.openWriter(); err != nil {
		return database.Unavailable(err, false)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.inOneCommit(ctx, func(*sql.Tx) error { return nil })
}

func (s *sqliteTable) ping(ctx context.Context) error {
	var one int
	return s.readers.QueryRowContext(ctx, "SELECT 1 FROM sqlite_master LIMIT 1").Scan(&one)
}

func (s *sqliteTable) close() {
	for _, db := range []*sql.DB{s.writer, s.readers} {
		if db != nil {
			db.Close()
		}
	}
}
