package database

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
)

// Access is what connections to a SQLite file may do.
type Access int

// The kinds of access.
const (
	Read   Access = iota // the file must be there
	Write                // the file must be there
	Create               // the file is made if it is not there
)

// OpenSQLite opens a file with at most so many connections. A commit is on disk when it returns, and a statement waits up to
// 2 s for a lock of another process. Nothing is read yet: the first statement fails where there is no file. The caller must
// Close.
func OpenSQLite(path string, access Access, connections int) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=rw"}
	if access == Create {
		u.RawQuery = "mode=rwc"
	}
	u.RawQuery += "&_txlock=immediate&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	if access == Read {
		u.RawQuery += "&_pragma=query_only(1)" // the last one: the others may write
	}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open SQLite file: %w", err)
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

// KeepLog has the log of a file (NAME-wal) stay as it is when the file is closed. It holds for one connection.
func KeepLog(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		_, err := driver.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
}

// SQLiteColumns are what a query gives: names, and declared types, which are empty for expressions.
type SQLiteColumns struct{ Names, Types []string }

// asker asks a file, in a transaction or outside one.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// SQLiteRow runs a query of the app's own and gives its first row, or nil where it has none, and its columns. Errors are faults.
func SQLiteRow(ctx context.Context, db asker, query string, args ...any) (row []any, columns SQLiteColumns, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, columns, SQLiteFault(err, false)
	}
	defer rows.Close()
	if row, columns, err = firstOf(rows); err != nil {
		return nil, columns, SQLiteFault(err, false)
	}
	return row, columns, nil
}

// SQLiteRows is SQLiteRow for the same query with many sets of arguments, asked in one transaction. An error is for all of them.
func SQLiteRows(ctx context.Context, db *sql.DB, query string, sets [][]any) ([][]any, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, SQLiteFault(err, false)
	}
	defer tx.Rollback()
	all := make([][]any, len(sets))
	for i, args := range sets {
		if all[i], _, err = SQLiteRow(ctx, tx, query, args...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func firstOf(rows *sql.Rows) (row []any, columns SQLiteColumns, err error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, columns, err
	}
	for _, t := range types {
		columns.Names = append(columns.Names, t.Name())
		columns.Types = append(columns.Types, t.DatabaseTypeName())
	}
	if !rows.Next() {
		return nil, columns, rows.Err()
	}
	row = make([]any, len(types))
	into := make([]any, len(types))
	for i := range row {
		into[i] = &row[i]
	}
	return row, columns, rows.Scan(into...)
}
