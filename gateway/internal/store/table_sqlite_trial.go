package store

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// insertAndRollBack commits, and a hook turns the commit into a rollback once the deferred constraints have been checked.
func (s *sqliteTable) insertAndRollBack(ctx context.Context, e *entry) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return database.SQLiteFault(err, false)
	}
	defer conn.Close()
	if err := onCommit(conn, func() int32 { return 1 }); err != nil {
		return database.SQLiteFault(err, false)
	}
	defer onCommit(conn, nil)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return database.SQLiteFault(err, false)
	}
	defer tx.Rollback()
	if err := s.insertRow(ctx, tx, tx.StmtContext(ctx, s.stmt), e); err != nil {
		return database.SQLiteFault(err, false)
	}
	err = tx.Commit()
	var hooked *sqlite.Error
	if errors.As(err, &hooked) && hooked.Code() == sqlite3.SQLITE_CONSTRAINT_COMMITHOOK {
		return nil
	}
	return database.SQLiteFault(err, false)
}

// onCommit sets the connection's hook, or takes it away. A hook that gives more than 0 stops the commit.
func onCommit(conn *sql.Conn, hook func() int32) error {
	return conn.Raw(func(driver any) error {
		driver.(sqlite.HookRegisterer).RegisterCommitHook(hook)
		return nil
	})
}

const sqliteReferences = `
SELECT f."from", f."table", coalesce(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = 1), 'rowid'), coalesce((
  SELECT min(u."from") FROM pragma_foreign_key_list(f."table") u WHERE lower(replace(u."from", '_', '')) IN ` + userColumns + `), '')
FROM pragma_foreign_key_list($1) f
WHERE (SELECT count(*) FROM pragma_foreign_key_list($1) g WHERE g.id = f.id) = 1`

func (s *sqliteTable) references(ctx context.Context) ([]reference, error) {
	rows, err := s.readers.QueryContext(ctx, sqliteReferences, s.mapping.Table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []reference
	for rows.Next() {
		r := reference{constraint: database.SQLiteForeignKey}
		if err := rows.Scan(&r.column, &r.table, &r.key, &r.user); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func (s *sqliteTable) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return readTexts(rows)
}

func readTexts(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}
