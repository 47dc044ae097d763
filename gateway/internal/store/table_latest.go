package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// newestFirst is the order in which a place's rows are read: an index that leads from the place to the time serves it.
func (m Mapping) newestFirst(alias string) string {
	order := alias + database.Quote(m.ID.Name) + " DESC"
	if m.CreatedAt != nil {
		order = alias + database.Quote(m.CreatedAt.Name) + " DESC, " + order
	}
	return order
}

// toSomebody leaves out what a sender has said to rooms.
func (m Mapping) toSomebody(column Column, alias string) string {
	if column.Name != m.User.Name {
		return ""
	}
	return " AND " + alias + database.Quote(m.Receiver.Name) + " IS NOT NULL"
}

// latestByPlace looks for each place by itself. $1 places, $2 most.
func latestByPlace(m Mapping, column Column) string {
	at, held := column.Type, "m."+database.Quote(column.Name)
	if column.kind == kindOther { // a place that does not fit the type would spoil it for all
		at, held = "text", held+"::text"
	}
	const query = `
SELECT %[1]s, false FROM unnest($1::text[]::%[2]s[]) AS g(place)
CROSS JOIN LATERAL (SELECT %[3]s FROM %[4]s AS m WHERE %[5]s = g.place%[6]s ORDER BY %[7]s LIMIT $2::bigint) AS w
ORDER BY %[8]s`
	return fmt.Sprintf(query, m.reprinted(), at, strings.Join(m.rereadColumns(), ", "), m.name(), held,
		m.toSomebody(column, "m."), m.newestFirst("m."), m.newestFirst("w."))
}

func (p *postgresTable) latest(ctx context.Context, column Column, places []string, most int, take func(*entry) bool) error {
	_, err := p.reread(ctx, take, latestByPlace(p.mapping, column), places, most)
	return err
}

func (s *sqliteTable) latest(ctx context.Context, column Column, places []string, most int, take func(*entry) bool) error {
	m := s.mapping
	query := s.rereadSQL() + fmt.Sprintf(" WHERE %s = ?1%s ORDER BY %s LIMIT ?2", database.Quote(column.Name), m.toSomebody(column, ""), m.newestFirst(""))
	for _, place := range places {
		if more, err := s.reread(ctx, take, query, place, most); err != nil || !more {
			return err
		}
	}
	return nil
}

const (
	postgresBegins = `
SELECT EXISTS (SELECT 1 FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] AND a.attname = $2::text
  WHERE x.indrelid = $1::text::regclass AND x.indisvalid AND x.indpred IS NULL)`
	sqliteBegins = `
SELECT count(*) FROM pragma_index_list(?1) l JOIN pragma_index_xinfo(l.name) a ON a.seqno = 0 WHERE NOT l.partial AND a.name = ?2 COLLATE NOCASE`
)

func (p *postgresTable) begins(ctx context.Context, place Column) (begins bool, err error) {
	err = p.readers.QueryRow(ctx, postgresBegins, p.mapping.name(), place.Name).Scan(&begins)
	return begins, err
}

func (s *sqliteTable) begins(ctx context.Context, place Column) (bool, error) {
	var indexes int
	err := s.readers.QueryRowContext(ctx, sqliteBegins, s.mapping.Table, place.Name).Scan(&indexes)
	return indexes > 0, err
}
