package database

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
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

// SQLiteRow runs a query of the app's own and gives its first row, or nil where it has none, and the number of its columns.
// Errors are faults.
func SQLiteRow(ctx context.Context, db *sql.DB, query string, args ...any) (row []any, columns int, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, SQLiteFault(err, false)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, 0, SQLiteFault(err, false)
	}
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, 0, SQLiteFault(err, false)
		}
		return nil, len(names), nil
	}
	row = make([]any, len(names))
	into := make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, 0, SQLiteFault(err, false)
	}
	return row, len(names), nil
}
