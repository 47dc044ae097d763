package saved

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// copied keeps in Postgres what Redis has, for Redis may lose all at once, and a gateway that is killed or stands still at that moment can't write
// its sessions anew. It is a second [Sessions], with a writer of its own, so that neither database holds up the other.
//
// Redis decides whose a session is. Whoever claims one there takes the copy along before anybody gets it. Only what Redis does not have is claimed
// here; that counts its generation up by [lostClaims], so that whatever Redis had granted and lost is older.
type copied struct {
	*Sessions
	writer *writer
	keeper *copyKeeper
	// behind is whether the last write failed. Answers don't wait for it then.
	behind atomic.Bool
}

const (
	// copyWait bounds what an answer waits for the copy. It has it long before, unless Postgres is in trouble.
	copyWait = 500 * time.Millisecond
	// lostClaims is more than Redis has granted of any session.
	lostClaims = 1 << 20
)

func openCopied(ctx context.Context, url database.URL, r *redis, o Options) (*copied, error) {
	s := &Sessions{watch: unobserved{}, log: o.Logger, changes: newChanges(o.Changes), claims: newClaims()}
	s.life, s.end = context.WithCancel(context.Background())
	s.claiming, s.refuse = context.WithCancel(s.life)
	p, err := openPostgres(s.life, url, o.Window)
	if err != nil {
		s.end()
		return nil, err
	}
	p.gateway = r.gateway
	c := &copied{Sessions: s, keeper: &copyKeeper{postgres: p, generation: r.generation}}
	s.keeper, s.changes.patience = c.keeper, copyWait
	c.writer = newWriter(s, o.Window, cmp.Or(o.afterGrant, time.Minute))
	c.writer.says, c.writer.failing = copySayings, &c.behind
	c.writer.prepare(ctx)
	return c, nil
}

// run ends with Close.
func (c *copied) run() {
	c.running.Go(c.writer.run)
	c.running.Go(func() { c.changes.answerLate(c.claiming) })
}

// wait calls done with true once the copy is as the session is now, or there is none. While Postgres is in trouble it calls done with false,
// soon: the copy may be older.
func (c *copied) wait(sid string, born time.Time, done func(copied bool)) {
	if c.behind.Load() {
		done(false)
		return
	}
	c.changes.wait(sid, born, done)
}

// copyKeeper is the keeper of the copy.
type copyKeeper struct {
	*postgres
	generation func(key) int64 // of this gateway's sessions, by Redis
	shaken     bool            // a write has failed since: Postgres may have lost what it had acknowledged. It is the writer's
}

func (k *copyKeeper) prepare(ctx context.Context) error {
	return k.prepareBy(ctx, func(ctx context.Context) error {
		if err := k.rehearse(ctx); err != nil {
			return err
		}
		if err := k.exec(ctx, takeCopies, k.gateway, [][]byte{}, []int64{}, []string{}, []int64{}); err != nil {
			return err
		}
		return k.exec(ctx, ownerOfCopy, []byte{})
	})
}

// writeCopy is writePostgres with two differences. A session that this gateway has by a later claim than the row knows counts as its own. And
// the commit does not wait for the disk: what a crash takes is written anew.
const writeCopy = `WITH hurry AS MATERIALIZED (
	SELECT set_config('synchronous_commit', 'off', true)
), alive AS (
	INSERT INTO socketgate.gateways AS g (id, alive_at, writes) SELECT $1::text, clock_timestamp(), $6::bigint FROM hurry
	ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at, writes = excluded.writes WHERE g.writes < excluded.writes
	RETURNING 1
), ended AS (
	DELETE FROM socketgate.sessions WHERE gateway = $1::text AND key = ANY ($2::bytea[]) AND EXISTS (SELECT FROM alive)
), saved AS (
	INSERT INTO socketgate.sessions AS s (key, gateway, user_id, session, generation)
	SELECT key, $1::text, user_id, session::json, generation FROM unnest($3::bytea[], $4::text[], $5::text[], $7::bigint[]) AS n (key, user_id, session, generation)
	WHERE EXISTS (SELECT FROM alive) ORDER BY key
	ON CONFLICT (key) DO UPDATE SET gateway = excluded.gateway, user_id = excluded.user_id, session = excluded.session,
		generation = greatest(s.generation, excluded.generation)
	WHERE s.gateway = excluded.gateway OR s.generation < excluded.generation
)
SELECT NOT EXISTS (SELECT FROM socketgate.gateways WHERE id = $1::text AND writes > 0)`

func (k *copyKeeper) write(ctx context.Context, saves []row, ends []key) (w written, err error) {
	k.writes++
	keys, users, sessions, generations := make([][]byte, len(saves)), make([]string, len(saves)), make([]string, len(saves)), make([]int64, len(saves))
	for i := range saves {
		keys[i], users[i], sessions[i], generations[i] = saves[i].key[:], saves[i].user, saves[i].dated(k.gateway), k.generation(saves[i].key)
	}
	row := k.pool.QueryRow(ctx, writeCopy, k.gateway, bytesOf(ends), keys, users, sessions, k.writes, generations)
	if err := row.Scan(&w.anew); err != nil {
		k.shaken = true
		return written{}, database.PostgresFault(err)
	}
	broken := k.broken.Swap(false) // by a crash, which a claim or the pool may have met before this did
	w.anew, k.shaken = w.anew || k.shaken || broken, false
	return w, nil
}

// takeCopies makes this gateway the owner of copies, whose sessions it has just claimed in Redis. It leaves out, and returns, those of which
// Redis has something void: a row says so, or the copy is of a later claim or change, since Redis has gone on from an older snapshot.
const takeCopies = `WITH hurry AS MATERIALIZED (
	SELECT set_config('synchronous_commit', 'off', true)
), alive AS (
	INSERT INTO socketgate.gateways (id, alive_at) VALUES ($1::text, clock_timestamp())
	ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at
), void AS MATERIALIZED (
	SELECT key FROM socketgate.void_sessions WHERE key = ANY ($2::bytea[])
	UNION
	SELECT s.key FROM socketgate.sessions s JOIN unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[]) AS n (key, generation, by, at) USING (key)
	WHERE s.generation >= n.generation OR s.session->>'by' = n.by AND (s.session->>'at')::bigint > n.at
), earlier AS MATERIALIZED (
	SELECT s.key, n.generation FROM hurry, socketgate.sessions s JOIN unnest($2::bytea[], $3::bigint[]) AS n (key, generation) USING (key)
	WHERE s.generation < n.generation AND s.key NOT IN (SELECT key FROM void) ORDER BY s.key FOR UPDATE OF s
), taken AS (
	UPDATE socketgate.sessions s SET gateway = $1::text, generation = e.generation, claimed_at = clock_timestamp() FROM earlier e WHERE s.key = e.key
)
SELECT key FROM void`

// take is in doubt after an error. If this role may not write, there are no copies, and nothing is void.
func (k *copyKeeper) take(ctx context.Context, claimed []row, generations []int64) (void []key, err error) {
	keys, by, at := make([][]byte, len(claimed)), make([]string, len(claimed)), make([]int64, len(claimed))
	for i := range claimed {
		age := claimed[i].age()
		keys[i], by[i], at[i] = claimed[i].key[:], age.By, age.At
	}
	rows, err := k.pool.Query(ctx, takeCopies, k.gateway, keys, generations, by, at)
	if err == nil {
		void, err = pgx.CollectRows(rows, scanKey)
	}
	return void, unlessForbidden(err)
}

// restore claims sessions that Redis does not have.
func (k *copyKeeper) restore(ctx context.Context, all []asked) ([]granted, error) {
	found, err := k.claimBy(ctx, all, lostClaims)
	if database.IsForbidden(err) {
		return nil, nil
	}
	return found, err
}

const ownerOfCopy = `SELECT coalesce((SELECT gateway FROM socketgate.sessions WHERE key = $1::bytea), '')`

// owner names the gateway that has a session; it is empty where there is none.
func (k *copyKeeper) owner(ctx context.Context, one key) (gateway string, err error) {
	err = k.pool.QueryRow(ctx, ownerOfCopy, one[:]).Scan(&gateway)
	return gateway, unlessForbidden(err)
}

func scanKey(r pgx.CollectableRow) (one key, err error) {
	var bytes []byte
	err = r.Scan(&bytes)
	copy(one[:], bytes)
	return one, err
}

func unlessForbidden(err error) error {
	if err == nil {
		return nil
	}
	if err = database.PostgresFault(err); database.IsForbidden(err) {
		return nil
	}
	return err
}
