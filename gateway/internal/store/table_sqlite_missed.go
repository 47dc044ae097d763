package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// missed walks the primary key, or looks for each place by itself, and takes no time for what is beyond most.
func (s *sqliteTable) missed(ctx context.Context, sp span, take func(*entry) bool) (floor string, err error) {
	if sp.byIndex {
		query := s.missedSQL() + fmt.Sprintf(" AND %s = ?3 ORDER BY %s DESC LIMIT ?4", database.Quote(sp.column.Name), database.Quote(s.mapping.ID.Name))
		for i, place := range sp.places {
			if more, err := s.reread(ctx, take, query, sp.lows[i], sp.high, place, sp.most+1); err != nil || !more {
				return "", err
			}
		}
		return "", nil
	}
	if floor, err = s.floorOf(ctx, sp); err != nil {
		return "", err
	}
	low := sp.low
	if floor != "" {
		low = floor
	}
	places, err := json.Marshal(sp.places)
	if err == nil {
		_, err = s.reread(ctx, take, s.walkSQL(sp.column), low, sp.high, string(places))
	}
	return floor, err
}

// walkSQL walks the primary key. What is likely needs no index, by which SQLite would read all that a room has ever said.
func (s *sqliteTable) walkSQL(place Column) string {
	return s.missedSQL() + fmt.Sprintf(" AND likelihood(%s IN (SELECT value FROM json_each(?3)), 0.99) ORDER BY %s DESC", database.Quote(place.Name), database.Quote(s.mapping.ID.Name))
}

// floorOf gives the id of the first row that is beyond most, or nothing.
func (s *sqliteTable) floorOf(ctx context.Context, sp span) (id string, err error) {
	query := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[1]s > ? AND %[1]s <= ? ORDER BY %[1]s DESC LIMIT 1 OFFSET ?", database.Quote(s.mapping.ID.Name), s.mapping.name())
	err = s.readers.QueryRowContext(ctx, query, sp.low, sp.high, sp.most).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", database.SQLiteFault(err, false)
	}
	return id, nil
}

// missedSQL is rereadSQL between two ids.
func (s *sqliteTable) missedSQL() string {
	return s.rereadSQL() + fmt.Sprintf(" WHERE %[1]s > ?1 AND %[1]s <= ?2", database.Quote(s.mapping.ID.Name))
}

// rereadSQL selects what a row is read from again.
func (s *sqliteTable) rereadSQL() string {
	m := s.mapping
	var list []string
	for _, c := range append([]Column{m.ID, m.Text, m.User}, m.places()...) {
		list = append(list, fmt.Sprintf("coalesce(CAST(%s AS TEXT), '')", database.Quote(c.Name)))
	}
	created := "NULL"
	if m.CreatedAt != nil {
		created = "+" + database.Quote(m.CreatedAt.Name)
	}
	list = append(list, created)
	for _, c := range m.reread {
		list = append(list, fmt.Sprintf(c.print, database.Quote(c.Name)))
	}
	return fmt.Sprintf("SELECT %s FROM %s", strings.Join(list, ", "), m.name())
}

// reread runs one such query.
func (s *sqliteTable) reread(ctx context.Context, take func(*entry) bool, query string, args ...any) (more bool, err error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return false, database.SQLiteFault(err, false)
	}
	defer rows.Close()
	m := s.mapping
	var created any
	others := make([]any, len(m.reread))
	for rows.Next() {
		e, at := &entry{}, row{}
		scan := append([]any{&e.id, &e.text, &e.user}, m.placesIn(&at)...)
		scan = append(scan, &created)
		for i := range others {
			scan = append(scan, &others[i])
		}
		if err := rows.Scan(scan...); err != nil {
			return false, database.SQLiteFault(err, false)
		}
		e.room, e.receiver = at.room, at.receiver
		if created != nil {
			e.stored.CreatedAt = readTime(formTime.ofSQLite(created))
		}
		e.stored.Others = othersBySQLite(m.reread, others)
		if !take(e) {
			return false, nil
		}
	}
	if err := rows.Err(); err != nil {
		return false, database.SQLiteFault(err, false)
	}
	return true, nil
}

// Every index of a table ends in the rowid, which an INTEGER PRIMARY KEY is.
const sqliteLeads = `
SELECT count(*) FROM pragma_index_list(?1) l JOIN pragma_index_xinfo(l.name) a ON a.seqno = 0 JOIN pragma_index_xinfo(l.name) b ON b.seqno = 1
WHERE NOT l.partial AND a.name = ?2 COLLATE NOCASE AND a.coll = 'BINARY' AND (b.name = ?3 COLLATE NOCASE AND b.coll = 'BINARY' OR b.cid = -1 AND ?4)`

func (s *sqliteTable) leads(ctx context.Context, place Column) (bool, error) {
	id := s.mapping.ID
	var indexes int
	err := s.readers.QueryRowContext(ctx, sqliteLeads, s.mapping.Table, place.Name, id.Name, strings.EqualFold(id.Type, "INTEGER")).Scan(&indexes)
	return indexes > 0, err
}

func (s *sqliteTable) ids(ctx context.Context, low, high string, n int) ([]string, error) {
	query := fmt.Sprintf("SELECT CAST(t.%[1]s AS TEXT) FROM %[2]s t WHERE t.%[1]s > ? AND t.%[1]s <= ? ORDER BY t.%[1]s DESC LIMIT ?", database.Quote(s.mapping.ID.Name), s.mapping.name())
	list, err := s.texts(ctx, query, low, high, n)
	if err != nil {
		return nil, database.SQLiteFault(err, false)
	}
	return list, nil
}
