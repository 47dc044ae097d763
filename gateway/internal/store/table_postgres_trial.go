package store

import (
	"context"
	"errors"

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
SELECT a.attname, n.nspname, f.relname, fa.attname
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
		err = columns.Scan(&r.column, &r.schema, &r.table, &r.key)
		return r, err
	})
}

func (p *postgresTable) firstID(ctx context.Context, r reference) (id string, err error) {
	err = p.readers.QueryRow(ctx, r.anyID()).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) || err != nil && database.IsForbidden(database.PostgresFault(err)) { // an insert needs no right to read them
		return "", nil
	}
	return id, err
}
