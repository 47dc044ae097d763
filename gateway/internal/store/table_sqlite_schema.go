package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sqliteCatalog describes every table. hidden is above 1 for generated columns.
const sqliteCatalog = `
SELECT m.name, x.name, x.type, x."notnull", x.dflt_value IS NOT NULL, coalesce('(' || x.dflt_value || ')', ''), x.hidden > 1, x.pk > 0,
       x.pk > 0 AND (SELECT count(*) FROM pragma_table_info(m.name) p WHERE p.pk > 0) = 1,
       coalesce((SELECT f."table" FROM pragma_foreign_key_list(m.name) f WHERE f."from" = x.name COLLATE NOCASE), '')
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY m.name, x.cid`

func (s *sqliteTable) findTable(ctx context.Context, c Config) (Mapping, error) {
	tables, err := s.describe(ctx, "")
	if err != nil {
		return Mapping{}, fmt.Errorf("read the tables of %s: %w", s.path, err)
	}
	candidates, _ := candidateTables(s.path, tables, c.Table) // chooseTable has the error
	for _, t := range candidates {
		if err := s.recogniseTimes(ctx, t); err != nil {
			return Mapping{}, fmt.Errorf("read the times of %s: %w", t.name, err)
		}
	}
	m, err := chooseTable(s.path, tables, c)
	if err != nil {
		return Mapping{}, err
	}
	m.Database = database.SQLite
	if err := s.askNewest(ctx, &m, tables); err != nil {
		return Mapping{}, fmt.Errorf("read the newest row of %s: %w", m.name(), err)
	}
	return m, nil
}

func (s *sqliteTable) describe(ctx context.Context, _ string) ([]description, error) {
	rows, err := s.writer.QueryContext(ctx, sqliteCatalog)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []description
	for rows.Next() {
		var table string
		var c Column
		if err := rows.Scan(&table, &c.Name, &c.Type, &c.required, &c.made, &c.fallback, &c.generated, &c.primary, &c.unique, &c.refersTo); err != nil {
			return nil, err
		}
		switch declared := strings.ToUpper(c.Type); {
		case strings.Contains(declared, "INT"):
			c.kind = kindInteger
			if strings.Contains(declared, "BIG") || declared == "INT8" {
				c.limit = 64
			}
			c.made = c.made || c.unique && declared == "INTEGER" // the rowid by another name
		case strings.Contains(declared, "CHAR"), strings.Contains(declared, "TEXT"), strings.Contains(declared, "CLOB"), declared == "UUID":
			c.kind = kindText
		case strings.Contains(declared, "DATE"), strings.Contains(declared, "TIMESTAMP"):
			c.kind = kindTime
		case strings.Contains(declared, "BOOL"):
			c.kind = kindBool
		case strings.Contains(declared, "JSON"):
			c.kind = kindJSON
		case strings.Contains(declared, "REAL"), strings.Contains(declared, "FLOA"), strings.Contains(declared, "DOUB"), strings.Contains(declared, "DEC"), strings.Contains(declared, "NUMERIC"):
			c.kind = kindNumber
		}
		c.print, c.form = printSQLite(strings.ToUpper(c.Type))
		tables = addColumn(tables, table, c)
	}
	return tables, rows.Err()
}

// askNewest lets the newest row decide what the schema leaves open: the shape of ids, and how times are kept
// (Prisma's engine and its adapters differ).
func (s *sqliteTable) askNewest(ctx context.Context, m *Mapping, tables []description) error {
	if err := s.findOrder(ctx, m); err != nil {
		return err
	}
	for _, c := range m.times() {
		held, err := s.ofNewest(ctx, m, fmt.Sprintf(aTime, database.Quote(c.Name)))
		if err == nil && held == "" {
			held, err = s.timesElsewhere(ctx, tables)
		}
		if err != nil {
			return err
		}
		kind, value, _ := strings.Cut(held, " ")
		form, ok := timeFormOf(kind, value)
		if !ok && m.CreatedAt != nil { // as the app keeps its other times
			form = m.CreatedAt.times
		}
		m.keepsTimes(c, form)
	}
	if m.IDs != idsAuto {
		return nil
	}
	id, err := s.ofNewest(ctx, m, "coalesce("+database.Quote(m.ID.Name)+", '')")
	m.IDs = likeNewest(id)
	return err
}

// timesElsewhere tells how the app keeps times by a row of another table, while there is no message yet. Tables
// with an underscore in front are Prisma's own, which its engine fills whatever the app uses.
func (s *sqliteTable) timesElsewhere(ctx context.Context, tables []description) (held string, err error) {
	for _, t := range tables {
		for _, c := range t.columns {
			if c.kind != kindTime || strings.HasPrefix(t.name, "_") {
				continue
			}
			if held, err = s.heldIn(ctx, t, c); err != nil || held != "" {
				return held, err
			}
		}
	}
	return "", nil
}

// findOrder finds what the newest row is known by: a table WITHOUT ROWID has its key only.
func (s *sqliteTable) findOrder(ctx context.Context, m *Mapping) error {
	s.order = "rowid"
	var without bool
	err := s.writer.QueryRowContext(ctx, `SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?`, m.Table).Scan(&without)
	if without {
		s.order = database.Quote(m.ID.Name)
	}
	return err
}

// keepsTimes notes how a column keeps times: what it rounds is told as it is stored.
func (m *Mapping) keepsTimes(c *Column, form timeForm) {
	c.times = form
	for i := range m.all {
		if m.all[i].Name == c.Name {
			m.all[i].times = form
		}
	}
	m.readBack, m.reread = m.unknown(), m.unknownLater()
}

// ofNewest gives one expression of the newest row, or "" where there is none.
func (s *sqliteTable) ofNewest(ctx context.Context, m *Mapping, expression string) (string, error) {
	var v string
	err := s.writer.QueryRowContext(ctx, "SELECT "+expression+" FROM "+m.name()+" ORDER BY "+s.order+" DESC LIMIT 1").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// newest reads rows as text, whatever their columns are.
func (s *sqliteTable) newest(ctx context.Context, n int) ([]row, error) {
	m := s.mapping
	created := "''"
	if m.CreatedAt != nil {
		created = database.Quote(m.CreatedAt.Name)
	}
	columns := []string{database.Quote(m.ID.Name), database.Quote(m.Text.Name), database.Quote(m.User.Name), created}
	for _, place := range m.places() {
		columns = append(columns, database.Quote(place.Name))
	}
	var list []string
	for _, column := range columns {
		list = append(list, "coalesce(CAST("+column+" AS TEXT), '')")
	}
	rows, err := s.readers.QueryContext(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+m.name()+" ORDER BY "+s.order+" DESC LIMIT "+strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		if err := rows.Scan(append([]any{&r.id, &r.text, &r.user, &r.createdAt}, m.placesIn(&r)...)...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
