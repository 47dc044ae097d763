package store

import (
	"context"
	"database/sql"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// findRefused inserts each row behind a savepoint, and rolls everything back. What only a commit would tell is tried row by
// row.
func (s *sqliteTable) findRefused(ctx context.Context, batch []*entry, refuses func(error) bool) error {
	if err := s.tryTogether(ctx, batch, refuses); err != nil || !s.deferred {
		return err
	}
	for _, e := range missing(batch) {
		if err := s.insertAndRollBack(ctx, e); err != nil {
			if !refuses(err) {
				return err
			}
			e.refuse(err)
		}
	}
	return nil
}

func (s *sqliteTable) tryTogether(ctx context.Context, batch []*entry, refuses func(error) bool) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return database.SQLiteFault(err, false)
	}
	defer tx.Rollback()
	stmt := s.stmt
	if batch[0].doubtful {
		stmt = s.again
	}
	insert := tx.StmtContext(ctx, stmt)
	for _, e := range batch {
		if err := s.tryRow(ctx, tx, insert, e, refuses); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteTable) tryRow(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, e *entry, refuses func(error) bool) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT row"); err != nil {
		return err
	}
	end := "RELEASE row"
	if err := s.insertRow(ctx, tx, insert, e); err != nil {
		if err = database.SQLiteFault(err, false); !refuses(err) {
			return err
		}
		e.refuse(err)
		end = "ROLLBACK TO row; RELEASE row"
	}
	// A trigger that rolls the whole transaction back has taken the savepoint along, which ends the search.
	_, err := tx.ExecContext(ctx, end)
	return err
}
