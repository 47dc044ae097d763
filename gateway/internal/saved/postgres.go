package saved

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// postgres keeps sessions in the schema socketgate. Its statements have no names, so that each may run on another connection of
// the server, as behind PgBouncer.
type postgres struct {
	gateway string
	window  float64 // seconds
	writes  int64   // that were begun
	pool    *pgxpool.Pool
	end     context.CancelFunc // of every connection's life
	broken  atomic.Bool        // a connection has been, whoever of the pool noticed
}

func openPostgres(life context.Context, url database.URL, window time.Duration) (*postgres, error) {
	life, end := context.WithCancel(life)
	config, err := url.PoolConfig(life, 2) // one for the writer, one for the claimer
	if err != nil {
		end()
		return nil, err
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	p := &postgres{gateway: newGateway(), window: window.Seconds(), end: end}
	config.BeforeClose = func(c *pgx.Conn) {
		if c.IsClosed() {
			p.broken.Store(true)
		}
	}
	if p.pool, err = pgxpool.NewWithConfig(life, config); err != nil {
		end()
		return nil, fmt.Errorf("open connection pool: %w", err)
	}
	return p, nil
}

// close ends the life of the connections first, so that no answer is waited for.
func (p *postgres) close() {
	p.end()
	p.pool.Close()
}

// A statement that was given up may be run by the server later, after the next one: then it changes nothing. The last column tells
// whether the row of this gateway, as an earlier write left it, is not there.
const writePostgres = `WITH alive AS (
	INSERT INTO socketgate.gateways AS g (id, alive_at, writes) VALUES ($1::text, clock_timestamp(), $6::bigint)
	ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at, writes = excluded.writes WHERE g.writes < excluded.writes
	RETURNING 1
), ended AS (
	DELETE FROM socketgate.sessions WHERE gateway = $1::text AND key = ANY ($2::bytea[]) AND EXISTS (SELECT FROM alive)
), saved AS (
	INSERT INTO socketgate.sessions AS s (key, gateway, user_id, session)
	SELECT key, $1::text, user_id, session::json FROM unnest($3::bytea[], $4::text[], $5::text[]) AS n (key, user_id, session)
	WHERE EXISTS (SELECT FROM alive) ORDER BY key
	ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, session = excluded.session WHERE s.gateway = excluded.gateway
	RETURNING key
)
SELECT ARRAY (SELECT key FROM unnest($3::bytea[]) AS n (key) WHERE key NOT IN (SELECT key FROM saved)),
	NOT EXISTS (SELECT FROM socketgate.gateways WHERE id = $1::text AND writes > 0)`

func (p *postgres) write(ctx context.Context, saves []row, ends []key) (w written, err error) {
	p.writes++
	keys, users, sessions := make([][]byte, len(saves)), make([]string, len(saves)), make([]string, len(saves))
	for i := range saves {
		keys[i], users[i], sessions[i] = saves[i].key[:], saves[i].user, saves[i].session
	}
	var refused [][]byte
	if err := p.pool.QueryRow(ctx, writePostgres, p.gateway, bytesOf(ends), keys, users, sessions, p.writes).Scan(&refused, &w.anew); err != nil {
		return written{}, database.PostgresFault(err)
	}
	for _, one := range refused {
		i := slices.IndexFunc(saves, func(r row) bool { return r.key == key(one) })
		w.refused = append(w.refused, saves[i].sid)
	}
	return w, nil
}

func (p *postgres) lasts() time.Duration { return 0 }

func bytesOf(keys []key) [][]byte {
	all := make([][]byte, len(keys))
	for i := range keys {
		all[i] = keys[i][:]
	}
	return all
}

// A claim that waits for the row lock of another one finds another generation than it has seen, and gets nothing.
const claimPostgres = `WITH alive AS (
	INSERT INTO socketgate.gateways (id, alive_at) VALUES ($1::text, clock_timestamp())
	ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at
), asked AS MATERIALIZED (
	SELECT key, since FROM unnest($2::bytea[], $3::timestamptz[]) AS n (key, since)
), found AS MATERIALIZED (
	SELECT s.key, s.gateway, s.generation
	FROM asked JOIN socketgate.sessions s USING (key) JOIN socketgate.gateways g ON g.id = s.gateway
	WHERE g.alive_at > clock_timestamp() - make_interval(secs => $4::float8)
	AND CASE WHEN s.gateway = $1::text THEN s.claimed_at = '-infinity'
		ELSE s.claimed_at IS NULL OR s.claimed_at < since END
)
UPDATE socketgate.sessions s SET gateway = $1::text, generation = s.generation + $5::bigint, claimed_at = clock_timestamp()
FROM found f WHERE s.key = f.key AND s.gateway = f.gateway AND s.generation = f.generation
RETURNING s.key, s.user_id, s.session::text, s.generation, f.gateway`

func (p *postgres) claim(ctx context.Context, all []asked) ([]row, error) {
	granted, err := p.claimBy(ctx, all, 1)
	found := make([]row, len(granted))
	for i := range granted {
		found[i] = granted[i].row
	}
	return found, err
}

// granted is a session that was claimed.
type granted struct {
	row
	generation int64
	owner      string // before
}

// claimBy claims sessions, and counts their generations up by that much.
func (p *postgres) claimBy(ctx context.Context, all []asked, step int64) ([]granted, error) {
	var now time.Time
	if err := p.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return nil, database.PostgresFault(err)
	}
	keys, since := make([][]byte, len(all)), make([]time.Time, len(all))
	for i := range all {
		keys[i], since[i] = all[i].key[:], all[i].sinceBy(now)
	}
	rows, err := p.pool.Query(ctx, claimPostgres, p.gateway, keys, since, p.window, step)
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (one granted, err error) {
		var bytes []byte
		err = r.Scan(&bytes, &one.user, &one.session, &one.generation, &one.owner)
		copy(one.key[:], bytes)
		return one, err
	})
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	return found, nil
}

const releasePostgres = `UPDATE socketgate.sessions SET claimed_at = '-infinity' WHERE gateway = $1::text AND key = ANY ($2::bytea[])`

func (p *postgres) release(ctx context.Context, keys []key) error {
	return p.exec(ctx, releasePostgres, p.gateway, bytesOf(keys))
}

const ownedPostgres = `SELECT key FROM socketgate.sessions WHERE gateway = $1::text`

func (p *postgres) owned(ctx context.Context) ([]key, error) {
	rows, err := p.pool.Query(ctx, ownedPostgres, p.gateway)
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (one key, err error) {
		var bytes []byte
		err = r.Scan(&bytes)
		copy(one[:], bytes)
		return one, err
	})
	if err != nil {
		return nil, database.PostgresFault(err)
	}
	return all, nil
}

const (
	sweepGateways = `DELETE FROM socketgate.gateways WHERE alive_at < clock_timestamp() - make_interval(secs => $1::float8)`
	sweepSessions = `DELETE FROM socketgate.sessions s USING (
		SELECT key, gateway FROM socketgate.sessions WHERE gateway NOT IN (SELECT id FROM socketgate.gateways) LIMIT $1::bigint
	) AS over WHERE s.key = over.key AND s.gateway = over.gateway`
)

func (p *postgres) sweep(ctx context.Context) (more bool, err error) {
	if err := p.exec(ctx, sweepGateways, p.window); err != nil {
		return false, err
	}
	tag, err := p.pool.Exec(ctx, sweepSessions, sweepRows)
	if err != nil {
		return false, database.PostgresFault(err)
	}
	return tag.RowsAffected() == sweepRows, nil
}

func (p *postgres) exec(ctx context.Context, sql string, args ...any) error {
	if _, err := p.pool.Exec(ctx, sql, args...); err != nil {
		return database.PostgresFault(err)
	}
	return nil
}
