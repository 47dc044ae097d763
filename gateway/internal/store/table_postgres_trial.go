package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

func (p *postgresTable) insertAndRollBack(ctx context.Context, e *entry) error {
	tx, err := p.readers.Begin(ctx)
	if err != nil {
		return database.PostgresFault(err)
	}
	defer tx.Rollback(ctx)
	tag, err := tx.Exec(ctx, p.sql.insert, p.values([]*entry{e}, true)...)
	switch {
	case err != nil:
		return database.PostgresFault(err)
	case tag.RowsAffected() == 0:
		return errSkipped
	}
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil { // as a commit would check them
		return database.PostgresFault(err)
	}
	return nil
}

const postgresReferences = `
SELECT a.attname, n.nspname, f.relname, fa.attname, k.conname, coalesce((
  SELECT min(ua.attname) FROM pg_constraint uk JOIN pg_attribute ua ON ua.attrelid = uk.conrelid AND ua.attnum = ANY (uk.conkey)
  WHERE uk.contype = 'f' AND uk.conrelid = f.oid AND lower(replace(ua.attname, '_', '')) IN ` + userColumns + `), '')
FROM pg_constraint k
JOIN LATERAL unnest(k.conkey, k.confkey) AS u(here, there) ON true
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.here
JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_namespace n ON n.oid = f.relnamespace
JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = u.there
WHERE k.contype = 'f' AND k.conrelid = $1::text::regclass
ORDER BY k.conname`

func (p *postgresTable) references(ctx context.Context) ([]reference, error) {
	rows, err := p.readers.Query(ctx, postgresReferences, p.mapping.name())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(columns pgx.CollectableRow) (r reference, err error) {
		err = columns.Scan(&r.column, &r.schema, &r.table, &r.key, &r.constraint, &r.user)
		return r, err
	})
}

func (p *postgresTable) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := p.readers.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil && database.IsForbidden(database.PostgresFault(err)) { // an insert needs no right to read them
		return nil, nil
	}
	return list, err
}
