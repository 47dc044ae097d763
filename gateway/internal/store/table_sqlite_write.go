package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// prepare reads the insert against the schema as it is now.
func (s *sqliteTable) prepare(ctx context.Context) error {
	m := s.mapping
	var names, marks []string
	for _, c := range m.columns() {
		names, marks = append(names, database.Quote(c.Name)), append(marks, "?")
	}
	for _, f := range m.Fields {
		names, marks = append(names, database.Quote(f.Column.Name)), append(marks, f.Column.orDefault("?"))
	}
	for _, c := range m.Constants {
		names, marks = append(names, database.Quote(c.Column.Name)), append(marks, "?")
	}
	insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", m.name(), strings.Join(names, ", "), strings.Join(marks, ", "))
	again := insert + fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", database.Quote(m.ID.Name))
	if s.returns() {
		insert, again = insert+" RETURNING "+s.printed(), again+" RETURNING "+s.printed()
	}
	if m.IDs == idsDatabase {
		again = insert
	}
	var err error
	if s.stmt, err = s.writer.PrepareContext(ctx, insert); err != nil {
		return database.SQLiteFault(err, false)
	}
	if s.again, err = s.writer.PrepareContext(ctx, again); err != nil {
		return database.SQLiteFault(err, false)
	}
	return nil
}

// values gives a row as columns() take it.
func (s *sqliteTable) values(e *entry) []any {
	m := s.mapping
	var list []any
	if m.IDs != idsDatabase {
		list = append(list, e.id)
	}
	if m.isNull(e.text) {
		list = append(list, nil, e.user)
	} else {
		list = append(list, e.text, e.user)
	}
	for _, c := range m.places() {
		switch receiver := c.Name == m.Receiver.Name; {
		case receiver != (e.receiver != ""):
			list = append(list, nil)
		case receiver:
			list = append(list, e.receiver)
		default:
			list = append(list, e.room)
		}
	}
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c != nil {
			list = append(list, c.times.at(e.stored.CreatedAt))
		}
	}
	return list
}

func (s *sqliteTable) insert(ctx context.Context, batch []*entry, again bool) error {
	stmt := s.stmt
	if again {
		stmt = s.again
	}
	return s.inOneCommit(ctx, func(tx *sql.Tx) error {
		insert := tx.StmtContext(ctx, stmt)
		for _, e := range batch {
			if err := s.insertRow(ctx, tx, insert, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqliteTable) insertRow(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, e *entry) error {
	args := s.values(e)
	for _, v := range e.fields {
		args = append(args, v) // database/sql makes NULL of nil
	}
	for _, c := range s.mapping.Constants {
		args = append(args, c.Value)
	}
	stored, err := s.execute(ctx, insert, args, e)
	if err != nil || stored {
		return err
	}
	if s.mapping.IDs != idsDatabase { // there already, or left out by a trigger
		if err := s.lookRow(ctx, tx, e); err != nil || e.found {
			return err
		}
	}
	return errSkipped
}

// execute inserts a row, and tells whether the database took it.
func (s *sqliteTable) execute(ctx context.Context, insert *sql.Stmt, args []any, e *entry) (stored bool, err error) {
	if s.returns() {
		err := s.readStored(insert.QueryRowContext(ctx, args...), e)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		return true, err
	}
	result, err := insert.ExecContext(ctx, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return err != nil || n > 0, nil
}

func (s *sqliteTable) lookRow(ctx context.Context, tx *sql.Tx, e *entry) error {
	query := "SELECT " + s.printed() + " FROM " + s.mapping.name() + " WHERE " + database.Quote(s.mapping.ID.Name) + " = ?"
	err := s.readStored(tx.QueryRowContext(ctx, query, e.id), e)
	e.found = err == nil
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func (s *sqliteTable) look(ctx context.Context, batch []*entry) error {
	return s.inOneCommit(ctx, func(tx *sql.Tx) error {
		for _, e := range batch {
			if err := s.lookRow(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqliteTable) inOneCommit(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return database.SQLiteFault(err, false)
	}
	if err := f(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return database.SQLiteFault(errors.Join(err, undo), true)
		}
		return database.SQLiteFault(err, false)
	}
	if err := tx.Commit(); err != nil {
		return database.SQLiteFault(err, true)
	}
	return nil
}

func (s *sqliteTable) remove(ctx context.Context, batch []*entry) error {
	m := s.mapping
	if m.IDs == idsDatabase && (m.CreatedAt == nil || m.CreatedAt.rounds()) {
		return errIndistinct
	}
	columns := m.columns()
	if m.IDs != idsDatabase {
		columns = columns[:1]
	}
	var same []string
	for _, c := range columns {
		same = append(same, database.Quote(c.Name)+" IS ?") // as = is, and for NULL
	}
	remove := "DELETE FROM " + m.name() + " WHERE " + strings.Join(same, " AND ")
	return s.inOneCommit(ctx, func(tx *sql.Tx) error {
		for _, e := range batch {
			if _, err := tx.ExecContext(ctx, remove, s.values(e)[:len(columns)]...); err != nil {
				return err
			}
		}
		return nil
	})
}
