package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func (p *postgres) try(ctx context.Context, e *entry) error {
	tx, err := p.readers.Begin(ctx)
	if err != nil {
		return p.fault(err)
	}
	defer tx.Rollback(ctx)
	tag, err := tx.Exec(ctx, p.sql.insert, p.values([]*entry{e}, true)...)
	switch {
	case err != nil:
		return p.fault(err)
	case tag.RowsAffected() == 0:
		return errSkipped
	}
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil { // as a commit would check them
		return p.fault(err)
	}
	return nil
}

const postgresReferences = `
SELECT a.attname, n.nspname, f.relname, fa.attname
FROM pg_constraint k
JOIN LATERAL unnest(k.conkey, k.confkey) AS u(here, there) ON true
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.here
JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_namespace n ON n.oid = f.relnamespace
JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = u.there
WHERE k.contype = 'f' AND k.conrelid = $1::text::regclass
ORDER BY k.conname`

func (p *postgres) references(ctx context.Context) ([]reference, error) {
	rows, err := p.readers.Query(ctx, postgresReferences, p.mapping.name())
	if err != nil {
		return nil, err
	}
	var list []reference
	var firsts []string
	var r reference
	var schema, key string
	_, err = pgx.ForEachRow(rows, []any{&r.column, &schema, &r.table, &key}, func() error {
		list = append(list, r)
		firsts = append(firsts, fmt.Sprintf("SELECT %[1]s::text FROM %[2]s.%[3]s WHERE %[1]s IS NOT NULL LIMIT 1", quote(key), quote(schema), quote(r.table)))
		return nil
	})
	for i := range list {
		if err == nil {
			err = p.readers.QueryRow(ctx, firsts[i]).Scan(&list[i].first)
		}
		if errors.Is(err, pgx.ErrNoRows) || err != nil && isForbidden(p.fault(err)) { // an insert needs no right to read them
			err = nil
		}
	}
	return list, err
}
