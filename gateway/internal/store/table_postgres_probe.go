package store

import (
	"context"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// unordered asks the catalog and the column itself.
func (p *postgresTable) unordered(ctx context.Context) (string, error) {
	if reason, err := p.hidden(ctx); reason != "" || err != nil {
		return reason, err
	}
	switch {
	case p.mapping.IDs == idsDatabase:
		return p.unorderedSequence(ctx)
	case p.mapping.ID.kind == kindUUID:
		return "", nil // sorted by their bytes
	}
	return p.unorderedText(ctx)
}

// hidden says which rows or columns may not be read: who reads less than there is would miss messages.
func (p *postgresTable) hidden(ctx context.Context) (string, error) {
	const query = `
SELECT row_security_active(c.oid), coalesce((SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attname = ANY ($2::text[]) AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')), ''), current_user::text
FROM pg_class c WHERE c.oid = $1::text::regclass`
	m := p.mapping
	var filtered bool
	var columns, role string
	if err := p.writer.QueryRow(ctx, query, m.name(), m.toldColumns()).Scan(&filtered, &columns, &role); err != nil {
		return "", err
	}
	switch {
	case columns != "":
		return fmt.Sprintf("the role may not read the columns %s; GRANT SELECT ON %s TO %s", columns, m.name(), database.Quote(role)), nil
	case filtered:
		return fmt.Sprintf("row level security may hide rows of %s; ALTER ROLE %s BYPASSRLS", m.name(), database.Quote(role)), nil
	}
	return "", nil
}

// toldColumns are the names of what a message is read from.
func (m Mapping) toldColumns() []string {
	names := []string{m.ID.Name, m.Text.Name, m.User.Name}
	for _, place := range m.places() {
		names = append(names, place.Name)
	}
	if m.CreatedAt != nil {
		names = append(names, m.CreatedAt.Name)
	}
	return names
}

// A default belongs to a sequence by pg_depend, and an identity column has one that belongs to it.
const sequenceOfColumn = `
SELECT s.seqrelid::regclass::text, a.attidentity <> '', coalesce(pg_get_expr(d.adbin, d.adrelid), ''), s.seqincrement, s.seqcache, s.seqcycle
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_depend k ON a.attidentity = '' AND k.classid = 'pg_attrdef'::regclass AND k.objid = d.oid AND k.refclassid = 'pg_class'::regclass
  OR a.attidentity <> '' AND k.classid = 'pg_class'::regclass AND k.refclassid = 'pg_class'::regclass AND k.refobjid = a.attrelid AND k.refobjsubid = a.attnum
JOIN pg_sequence s ON s.seqrelid = CASE WHEN a.attidentity = '' THEN k.refobjid ELSE k.objid END
WHERE a.attrelid = $1::text::regclass AND a.attname = $2::text`

var plainNextval = regexp.MustCompile(`^nextval\('[^()]*'::regclass\)$`)

func (p *postgresTable) unorderedSequence(ctx context.Context) (string, error) {
	m := p.mapping
	var name, value string
	var identity, cycle bool
	var increment, cache int64
	rows, err := p.writer.Query(ctx, sequenceOfColumn, m.name(), m.ID.Name)
	if err != nil {
		return "", err
	}
	found := 0
	_, err = pgx.ForEachRow(rows, []any{&name, &identity, &value, &increment, &cache, &cycle}, func() error {
		found++
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case found != 1, !identity && !plainNextval.MatchString(value):
		return fmt.Sprintf("the default of column %q is no plain sequence, so that its ids may come in any order", m.ID.Name), nil
	case increment <= 0, cache != 1, cycle:
		return fmt.Sprintf("sequence %[1]s, which makes the ids, does not count up one by one for all; ALTER SEQUENCE %[1]s INCREMENT 1 CACHE 1 NO CYCLE", name), nil
	}
	p.sequence = name
	return "", nil
}

// unorderedText compares ids that rise, each with the next, under the column's own collation.
func (p *postgresTable) unorderedText(ctx context.Context) (string, error) {
	const query = `
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_attribute a
JOIN pg_collation c ON c.oid = a.attcollation JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = $1::text::regclass AND a.attname = $2::text`
	m := p.mapping
	var collation string
	if err := p.writer.QueryRow(ctx, query, m.name(), m.ID.Name).Scan(&collation); err != nil {
		return "", err
	}
	compare := fmt.Sprintf(`
SELECT coalesce(bool_and(v.before COLLATE %[1]s < v.id COLLATE %[1]s), true) FROM
  (SELECT u.id::%[2]s AS id, lag(u.id) OVER (ORDER BY u.n)::%[2]s AS before FROM unnest($1::text[]) WITH ORDINALITY AS u(id, n)) v`, collation, m.ID.Type)
	var rise bool
	if err := p.writer.QueryRow(ctx, compare, m.probeIDs()).Scan(&rise); err != nil || rise {
		return "", err
	}
	return fmt.Sprintf("column %[1]q sorts by collation %[2]s, in which ids do not rise; ALTER TABLE %[3]s ALTER COLUMN %[4]s TYPE %[5]s COLLATE \"C\"",
		m.ID.Name, collation, m.name(), database.Quote(m.ID.Name), m.ID.declared), nil
}
