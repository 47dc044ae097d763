package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// catalog describes every ordinary table of a schema. Types are given without their lengths and domains: a cast
// to varchar(10) would cut a text silently where an assignment refuses it. A domain may be over another one, and each may
// add NOT NULL.
const catalog = `
WITH RECURSIVE types AS (
  SELECT oid, oid AS base, false AS required FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT d.oid, t.typbasetype, d.required OR t.typnotnull FROM types d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd'
)
SELECT c.relname, a.attname, format_type(b.oid, -1), format_type(a.atttypid, a.atttypmod), b.typname,
       CASE WHEN b.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END,
       a.attnotnull OR coalesce(y.required, false),
       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
       a.attgenerated <> '',
       coalesce(CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, pg_get_expr(t.typdefaultbin, 0), ''),
       CASE WHEN b.typtype = 'e' THEN array(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder) END,
       coalesce(i.single, false), coalesce(i.main, false),
       coalesce((SELECT f.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) ORDER BY k.oid LIMIT 1), ''),
       coalesce(has_column_privilege(c.oid, a.attnum, 'SELECT') AND NOT c.relhasrules AND NOT row_security_active(c.oid), false)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN types y ON y.oid = t.oid AND NOT EXISTS (SELECT FROM pg_type d WHERE d.oid = y.base AND d.typtype = 'd')
JOIN pg_type b ON b.oid = coalesce(y.base, t.oid)
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
  SELECT bool_or(x.indnkeyatts = 1 AND x.indisunique AND x.indimmediate AND x.indpred IS NULL) AS single,
         bool_or(x.indisprimary) AS main
  FROM pg_index x WHERE x.indrelid = c.oid AND x.indkey[0] = a.attnum AND (x.indisunique OR x.indisprimary)
) i ON true
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
ORDER BY c.relname, a.attnum`

func (p *postgresTable) findTable(ctx context.Context, u database.URL, c Config) (Mapping, error) {
	schema := u.Schema
	if schema == "" {
		if err := p.writer.QueryRow(ctx, "SELECT coalesce(current_schema(), 'public')").Scan(&schema); err != nil {
			return Mapping{}, fmt.Errorf("find the schema: %w", err)
		}
	}
	tables, err := p.describe(ctx, schema)
	// A dot is between schema and table, unless a table's name has it.
	if other, table, dotted := strings.Cut(c.Table, "."); err == nil && dotted && !slices.ContainsFunc(tables, func(t description) bool { return t.name == c.Table }) {
		schema, c.Table = other, table
		tables, err = p.describe(ctx, schema)
	}
	if err != nil {
		return Mapping{}, fmt.Errorf("read the tables of schema %q: %w", schema, err)
	}
	m, err := chooseTable(fmt.Sprintf("schema %q", schema), tables, c)
	if errors.Is(err, errNoTable) {
		return Mapping{}, cmp.Or(p.elsewhere(ctx, schema, c.Table), err)
	}
	if err != nil {
		return Mapping{}, err
	}
	m.Database, m.Schema = database.Postgres, schema
	if m.IDs == idsAuto {
		newest, err := p.newestID(ctx, m)
		if err != nil {
			return Mapping{}, fmt.Errorf("read the newest id of %s: %w", m.name(), err)
		}
		m.IDs = likeNewest(newest)
	}
	return m, nil
}

// elsewhere names a message table in another schema. It is nil where there is none, or nobody knows.
func (p *postgresTable) elsewhere(ctx context.Context, schema, override string) error {
	const query = `
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ($1, 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
  AND lower(replace(c.relname, '_', '')) = ANY ($2)
ORDER BY n.nspname, c.relname LIMIT 1`
	var names []string
	for _, name := range usualNames(override) {
		names = append(names, fold(name))
	}
	var other, table string
	if err := p.writer.QueryRow(ctx, query, schema, names).Scan(&other, &table); err != nil {
		return nil
	}
	return fmt.Errorf("message table: there is none in schema %q, but %q in schema %q: set MESSAGE_TABLE=%[3]s.%[2]s, or let DATABASE_URL end in ?schema=%[3]s",
		schema, table, other)
}

func (p *postgresTable) describe(ctx context.Context, schema string) ([]description, error) {
	rows, err := p.writer.Query(ctx, catalog, schema)
	if err != nil {
		return nil, err
	}
	var tables []description
	var table, base string
	var returned bool // an INSERT … RETURNING may give it
	var c Column
	_, err = pgx.ForEachRow(rows, []any{&table, &c.Name, &c.Type, &c.declared, &base, &c.limit, &c.required, &c.made, &c.generated, &c.fallback, &c.labels, &c.unique, &c.primary, &c.refersTo, &returned}, func() error {
		c.kind = kindOther
		c.print, c.form, c.large = "", formJSON, false
		if returned {
			c.print, c.form, c.large = printPostgres(base)
		}
		switch base {
		case "text", "varchar", "bpchar", "citext":
			c.kind = kindText
		case "int2":
			c.kind, c.limit = kindInteger, 16
		case "int4":
			c.kind, c.limit = kindInteger, 32
		case "int8":
			c.kind, c.limit = kindInteger, 64
		case "uuid":
			c.kind = kindUUID
		case "timestamp", "timestamptz":
			c.kind = kindTime
		case "bool":
			c.kind = kindBool
		case "float4", "float8", "numeric":
			c.kind = kindNumber
		case "json", "jsonb":
			c.kind = kindJSON
		}
		if c.labels != nil {
			c.kind = kindEnum
		}
		tables = addColumn(tables, table, c)
		return nil
	})
	return tables, err
}

// newestID gives the id of the newest row, or "" where there is none.
func (p *postgresTable) newestID(ctx context.Context, m Mapping) (string, error) {
	var id string
	err := p.writer.QueryRow(ctx, newestFirst(m, m.ID)+" LIMIT 1").Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// newestFirst selects columns as text, of all rows in that order.
func newestFirst(m Mapping, columns ...Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, fmt.Sprintf("coalesce(%s::text, '')", database.Quote(c.Name)))
	}
	order := m.ID
	if m.CreatedAt != nil {
		order = *m.CreatedAt
	}
	nulls := " NULLS LAST"
	if order.required {
		nulls = "" // an index serves without it
	}
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY %s DESC%s", strings.Join(list, ", "), m.name(), database.Quote(order.Name), nulls)
}

// newest reads rows as text, whatever their columns are.
func (p *postgresTable) newest(ctx context.Context, n int) ([]row, error) {
	m := p.mapping
	created := m.ID
	if m.CreatedAt != nil {
		created = *m.CreatedAt
	}
	rows, err := p.readers.Query(ctx, newestFirst(m, append([]Column{m.ID, m.Text, m.User, created}, m.places()...)...)+" LIMIT $1", n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(columns pgx.CollectableRow) (row, error) {
		var r row
		err := columns.Scan(append([]any{&r.id, &r.text, &r.user, &r.createdAt}, m.placesIn(&r)...)...)
		if m.CreatedAt == nil {
			r.createdAt = ""
		}
		return r, err
	})
}

// checkConstants lets the server read each value as its column would: an insert of no rows does not.
func (p *postgresTable) checkConstants(ctx context.Context) error {
	for _, c := range p.mapping.Constants {
		_, err := p.writer.Exec(ctx, fmt.Sprintf("SELECT $1::text::%s", c.Column.Type), c.Value)
		if err != nil {
			return fmt.Errorf("MESSAGE_CONSTANTS: column %q (%s) and the value %q: %w", c.Column.Name, c.Column.Type, c.Value, database.PostgresFault(err))
		}
	}
	return nil
}
