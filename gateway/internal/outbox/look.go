package outbox

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// Look tells whether the app can emit already, or whether a start of the gateway would make that so, and changes nothing.
func Look(ctx context.Context, url database.URL) (installed, mayMake bool, err error) {
	config, err := url.PoolConfig(ctx, 1)
	if err != nil {
		return false, false, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return false, false, err
	}
	defer pool.Close()
	err = (&Outbox{pool: pool}).try(ctx)
	if !database.IsForbidden(err) {
		return err == nil, err == nil, err
	}
	const may = `SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1),
		has_database_privilege(current_database(), 'CREATE')) AND to_regclass($1 || '.emits') IS NULL`
	if err := pool.QueryRow(ctx, may, database.OwnSchema).Scan(&mayMake); err != nil {
		return false, false, database.PostgresFault(err)
	}
	return false, mayMake, nil
}
