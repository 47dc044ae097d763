package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteTable is a message table in a SQLite file. SQLite has one writer at a time, so here is one connection
// for it; WAL lets the readers read meanwhile.
type sqliteTable struct {
	mapping Mapping
	path    string
	writer  *sql.DB
	stmt    *sql.Stmt // insert, prepared; again is its twin for a second attempt
	again   *sql.Stmt
	readers *sql.DB
	access  string

	deferred bool // some constraint is checked by the commit, not by the insert
}

// sqliteDSN opens path so that a commit is on disk when it returns. mode is SQLite's: rw or rwc.
func sqliteDSN(path, mode string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = "mode=" + mode + "&_txlock=immediate&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	return u.String()
}

func openSQLite(ctx context.Context, t target, c Config) (table, Mapping, error) {
	path, err := locate(t.path)
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
	if s.readers, err = sql.Open("sqlite", sqliteDSN(s.path, "rw")+"&_pragma=query_only(1)"); err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	s.readers.SetMaxOpenConns(4)
	return s.checkAccessQuery(ctx, c.AccessQuery)
}

func (s *sqliteTable) openWriter() error {
	db, err := sql.Open("sqlite", sqliteDSN(s.path, "rw"))
	if err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	db.SetMaxOpenConns(1)
	s.writer = db
	return nil
}

// sqliteCatalog describes every table. hidden is above 1 for generated columns.
const sqliteCatalog = `
SELECT m.name, x.name, x.type, x."notnull", x.dflt_value IS NOT NULL, x.hidden > 1, x.pk > 0,
       x.pk > 0 AND (SELECT count(*) FROM pragma_table_info(m.name) p WHERE p.pk > 0) = 1,
       coalesce((SELECT f."table" FROM pragma_foreign_key_list(m.name) f WHERE f."from" = x.name COLLATE NOCASE), '')
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY m.name, x.cid`

func (s *sqliteTable) findTable(ctx context.Context, c Config) (Mapping, error) {
	tables, err := s.describe(ctx)
	if err != nil {
		return Mapping{}, fmt.Errorf("read the tables of %s: %w", s.path, err)
	}
	m, err := find(s.path, tables, c)
	if err != nil {
		return Mapping{}, err
	}
	m.Database = databaseSQLite
	if err := s.askNewest(ctx, &m, tables); err != nil {
		return Mapping{}, fmt.Errorf("read the newest row of %s: %w", m.name(), err)
	}
	return m, nil
}

func (s *sqliteTable) describe(ctx context.Context) ([]description, error) {
	rows, err := s.writer.QueryContext(ctx, sqliteCatalog)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []description
	for rows.Next() {
		var table string
		var c Column
		if err := rows.Scan(&table, &c.Name, &c.Type, &c.required, &c.made, &c.generated, &c.primary, &c.unique, &c.refersTo); err != nil {
			return nil, err
		}
		switch declared := strings.ToUpper(c.Type); {
		case strings.Contains(declared, "INT"):
			c.kind = kindInteger
			c.made = c.made || c.unique && declared == "INTEGER" // the rowid by another name
		case strings.Contains(declared, "CHAR"), strings.Contains(declared, "TEXT"), strings.Contains(declared, "CLOB"), declared == "UUID":
			c.kind = kindText
		case strings.Contains(declared, "DATE"), strings.Contains(declared, "TIMESTAMP"):
			c.kind = kindTime
		}
		if n := len(tables); n == 0 || tables[n-1].name != table {
			tables = append(tables, description{name: table})
		}
		last := &tables[len(tables)-1]
		last.columns = append(last.columns, c)
	}
	return tables, rows.Err()
}

// askNewest lets the newest row decide what the schema leaves open: the shape of ids, and whether times are
// text or numbers (Prisma's engine and its adapters differ).
func (s *sqliteTable) askNewest(ctx context.Context, m *Mapping, tables []description) error {
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c == nil {
			continue
		}
		kind, err := s.newest(ctx, m, "typeof("+quote(c.Name)+")")
		if err == nil && kind == "" {
			kind, err = s.timesElsewhere(ctx, tables)
		}
		if err != nil {
			return err
		}
		c.integer = kind == "integer"
	}
	if m.IDs != idsAuto {
		return nil
	}
	id, err := s.newest(ctx, m, "coalesce("+quote(m.ID.Name)+", '')")
	m.IDs = likeNewest(id)
	return err
}

// timesElsewhere tells how the app keeps times by a row of another table, while there is no message yet. Tables
// with an underscore in front are Prisma's own, which its engine fills whatever the app uses.
func (s *sqliteTable) timesElsewhere(ctx context.Context, tables []description) (kind string, err error) {
	for _, t := range tables {
		for _, c := range t.columns {
			if c.kind != kindTime || strings.HasPrefix(t.name, "_") {
				continue
			}
			query := fmt.Sprintf("SELECT typeof(%[1]s) FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT 1", quote(c.Name), quote(t.name))
			if err = s.writer.QueryRowContext(ctx, query).Scan(&kind); !errors.Is(err, sql.ErrNoRows) {
				return kind, err
			}
		}
	}
	return "", nil
}

// newest gives one expression of the newest row, or "" where there is none.
func (s *sqliteTable) newest(ctx context.Context, m *Mapping, expression string) (string, error) {
	var v string
	err := s.writer.QueryRowContext(ctx, "SELECT "+expression+" FROM "+m.name()+" ORDER BY rowid DESC LIMIT 1").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// prepare reads the insert against the schema as it is now.
func (s *sqliteTable) prepare(ctx context.Context) error {
	m := s.mapping
	var names, marks []string
	for _, c := range m.columns() {
		names, marks = append(names, quote(c.Name)), append(marks, "?")
	}
	for _, c := range m.Constants {
		names, marks = append(names, quote(c.Column.Name)), append(marks, "?")
	}
	insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", m.name(), strings.Join(names, ", "), strings.Join(marks, ", "))
	again := insert + fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", quote(m.ID.Name))
	if m.IDs == idsDatabase {
		insert += " RETURNING " + quote(m.ID.Name)
		again = insert
	}
	var err error
	if s.stmt, err = s.writer.PrepareContext(ctx, insert); err != nil {
		return sqliteFault(err, false)
	}
	if s.again, err = s.writer.PrepareContext(ctx, again); err != nil {
		return sqliteFault(err, false)
	}
	return nil
}

// values gives a row as the columns take it.
func (s *sqliteTable) values(e *entry) []any {
	m := s.mapping
	var list []any
	if m.IDs != idsDatabase {
		list = append(list, e.id)
	}
	list = append(list, e.text, e.user, e.room)
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		switch {
		case c == nil:
		case c.integer:
			list = append(list, e.stored.CreatedAt.UnixMilli())
		default:
			list = append(list, e.stored.CreatedAt.Format("2006-01-02T15:04:05.000+00:00"))
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
	for _, c := range s.mapping.Constants {
		args = append(args, c.Value)
	}
	if s.mapping.IDs == idsDatabase {
		err := insert.QueryRowContext(ctx, args...).Scan(&e.id)
		if errors.Is(err, sql.ErrNoRows) {
			return errSkipped
		}
		return err
	}
	result, err := insert.ExecContext(ctx, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 { // there already, or left out by a trigger
		if err := s.look(ctx, tx, e); err != nil || e.there {
			return err
		}
		return errSkipped
	}
	return nil
}

func (s *sqliteTable) look(ctx context.Context, tx *sql.Tx, e *entry) error {
	stored := "SELECT count(*) > 0 FROM " + s.mapping.name() + " WHERE " + quote(s.mapping.ID.Name) + " = ?"
	return tx.QueryRowContext(ctx, stored, e.id).Scan(&e.there)
}

func (s *sqliteTable) find(ctx context.Context, batch []*entry) error {
	return s.inOneCommit(ctx, func(tx *sql.Tx) error {
		for _, e := range batch {
			if err := s.look(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqliteTable) inOneCommit(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return sqliteFault(err, false)
	}
	if err := f(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return sqliteFault(errors.Join(err, undo), true)
		}
		return sqliteFault(err, false)
	}
	if err := tx.Commit(); err != nil {
		return sqliteFault(err, true)
	}
	return nil
}

// revive opens the file anew, which rolls back whatever was left open, and takes the write lock once.
func (s *sqliteTable) revive(ctx context.Context) error {
	s.writer.Close()
	if err := s.openWriter(); err != nil {
		return unavailable(err, false)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.inOneCommit(ctx, func(*sql.Tx) error { return nil })
}

func (s *sqliteTable) remove(ctx context.Context, batch []*entry) error {
	m := s.mapping
	if m.IDs == idsDatabase && m.CreatedAt == nil {
		return &fault{faultForbidden, false, errors.New("rows with ids from the database and without a time can't be told apart")}
	}
	columns := m.columns()
	if m.IDs != idsDatabase {
		columns = columns[:1]
	}
	var same []string
	for _, c := range columns {
		same = append(same, quote(c.Name)+" = ?")
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

// checkAccessQuery tries the query with a room and a user that nobody has.
func (s *sqliteTable) checkAccessQuery(ctx context.Context, query string) error {
	if query == "" {
		return nil
	}
	s.access = query
	if !strings.Contains(query, "$1") || !strings.Contains(query, "$2") {
		return errors.New("ROOM_ACCESS_QUERY: must use $1 (the room) and $2 (the user)")
	}
	if _, err := s.mayJoin(ctx, "", ""); err != nil {
		return fmt.Errorf("ROOM_ACCESS_QUERY: %w", err)
	}
	return nil
}

func (s *sqliteTable) mayJoin(ctx context.Context, room, user string) (bool, error) {
	rows, err := s.readers.QueryContext(ctx, s.access, room, user)
	if err != nil {
		return false, sqliteFault(err, false)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return false, errors.Join(err, rows.Err())
	}
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(any)
	}
	if err := rows.Scan(row...); err != nil {
		return false, sqliteFault(err, false)
	}
	return saysYes(*row[0].(*any)), nil
}

func (s *sqliteTable) ping(ctx context.Context) error {
	var one int
	return s.readers.QueryRowContext(ctx, "SELECT 1 FROM sqlite_master LIMIT 1").Scan(&one)
}

func (s *sqliteTable) recent(ctx context.Context, n int) ([]Row, error) {
	m := s.mapping
	created := "''"
	if m.CreatedAt != nil {
		created = quote(m.CreatedAt.Name)
	}
	var list []string
	for _, column := range []string{quote(m.ID.Name), quote(m.Text.Name), quote(m.User.Name), quote(m.Room.Name), created} {
		list = append(list, "coalesce(CAST("+column+" AS TEXT), '')")
	}
	rows, err := s.readers.QueryContext(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+m.name()+" ORDER BY rowid DESC LIMIT "+strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.ID, &r.Text, &r.User, &r.Room, &r.CreatedAt); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (s *sqliteTable) close() {
	for _, db := range []*sql.DB{s.writer, s.readers} {
		if db != nil {
			db.Close()
		}
	}
}

// sqliteFault sorts an error.
func sqliteFault(err error, doubt bool) error {
	if isRejected(err) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return unavailable(err, doubt)
	}
	f := &fault{doubt: doubt, err: fmt.Errorf("%w (SQLite code %d)", err, e.Code())}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		// The message may quote values.
		f.kind, f.doubt, f.err = faultRejected, false, fmt.Errorf("SQLite code %d %s", e.Code(), sqlite.ErrorCodeString[e.Code()])
	case sqlite3.SQLITE_ERROR:
		f.kind = faultForbidden
	}
	return f
}
