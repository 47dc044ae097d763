package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// The clock is a sequence: its value is the position of the latest commit. A sequence is not a row, so that a transaction that has
// been open for long, as that of pg_dump, does not make it slower with each commit.
//
// Each commit leaves a row in batches, and takes away the one before of the same gateway: after a lost reply it tells whether there
// was one. See table_postgres_settle.go.
const (
	createClock   = `CREATE SEQUENCE IF NOT EXISTS socketgate.clock MINVALUE 0`
	createTimes   = `CREATE SEQUENCE IF NOT EXISTS socketgate.times MINVALUE 0`
	createBatches = `CREATE TABLE IF NOT EXISTS socketgate.batches (
    node text,                      -- a gateway, anew with each start
    batch bigint,                   -- its commits, counted
    messages text NOT NULL,         -- the table that they went to
    at timestamptz NOT NULL,
    previous bigint,                -- the clock before it; NULL means that there was no such commit, and will be none
    first bigint, last bigint,      -- positions of its messages
    millis bigint,                  -- the latest time of its messages
    ids text[],                     -- of its messages, where the database makes them
    PRIMARY KEY (node, batch)
)`
	grantSequence = `GRANT SELECT, UPDATE ON SEQUENCE socketgate.`
)

// ClockObjects are what gateways that write to one table in one order keep in the schema socketgate.
func ClockObjects() []database.Own {
	return []database.Own{
		{Name: "clock", Create: createClock, Grant: grantSequence + "clock"},
		{Name: "times", Create: createTimes, Grant: grantSequence + "times"},
		{Name: "batches", Create: createBatches, Grant: "GRANT SELECT, INSERT, UPDATE, DELETE ON socketgate.batches"},
	}
}

// theLock is the advisory lock of the clock, for both keys of pg_advisory_xact_lock: "sock" and "gate" in ASCII. Postgres has such locks
// by database, as it has the clock. A commit holds it, exclusively, until its rows are visible to everybody.
const theLock = "1936679787, 1734440037"

// readTheClock has a lock that commits wait for, and that waits for those under way. The clock is read once it is held: it is not part
// of a snapshot.
const readTheClock = `
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(` + theLock + `))
SELECT coalesce(pg_sequence_last_value('socketgate.clock'), 0), pg_is_in_recovery() FROM held`

var errStandby = errors.New("DATABASE_URL leads to a standby, which is behind: it must lead to the primary")

func (p *postgresTable) readClock(ctx context.Context) (now uint64, err error) {
	tx, err := p.beginReading(ctx)
	if err != nil {
		return 0, database.PostgresFault(err)
	}
	defer tx.Rollback(ctx)
	var standby bool
	if err := tx.QueryRow(ctx, readTheClock).Scan(&now, &standby); err != nil {
		return 0, database.PostgresFault(err)
	}
	if standby {
		return 0, database.Unavailable(errStandby, false)
	}
	return now, nil
}

func (p *postgresTable) openClock(ctx context.Context, node string, newest uint64) (now uint64, err error) {
	if err := p.makeClock(ctx); err != nil {
		return 0, err
	}
	if err := p.oneTable(ctx); err != nil {
		return 0, err
	}
	p.node = node + " " + rand.Text()[:8] // of this start: its batches are counted from 1
	p.sql.insertInTurn, p.sql.moveClock, p.sql.stored = p.mapping.insertInTurn(), p.mapping.moveClock(), p.mapping.selectStored()
	const forward = `
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(` + theLock + `))
SELECT setval('socketgate.clock', greatest(coalesce(pg_sequence_last_value('socketgate.clock'), 0), $1::bigint)) FROM held`
	if err := p.writer.QueryRow(ctx, forward, int64(newest)).Scan(&now); err != nil {
		return 0, database.PostgresFault(err)
	}
	return now, nil
}

// makeClock tries what a commit needs, and makes what is missing.
func (p *postgresTable) makeClock(ctx context.Context) error {
	err := p.tryClock(ctx)
	if !database.IsForbidden(err) {
		return err
	}
	_, made := p.writer.Exec(ctx, database.CreateOwn(ClockObjects()...))
	if err = p.tryClock(ctx); !database.IsForbidden(err) {
		return err
	}
	var role string
	if err := p.writer.QueryRow(ctx, "SELECT current_user::text").Scan(&role); err != nil {
		return err
	}
	return fmt.Errorf("%w; let the owner of the database run what socketgate schema -role %s prints", errors.Join(err, made), role)
}

// tryClock has the server check rights, which it does no sooner, and changes nothing.
func (p *postgresTable) tryClock(ctx context.Context) error {
	tx, err := p.writer.Begin(ctx)
	if err != nil {
		return database.PostgresFault(err)
	}
	defer tx.Rollback(ctx)
	for _, sql := range []string{ // the table first: without the schema only a function says that it is the schema's fault
		`INSERT INTO socketgate.batches (node, batch, messages, at, previous, first, last, millis, ids) SELECT '', 0, '', now(), 0, 0, 0, 0, '{}' WHERE false`,
		`DELETE FROM socketgate.batches WHERE node = '' AND at < now() - interval '1 day'`,
		`SELECT pg_sequence_last_value('socketgate.clock'), pg_sequence_last_value('socketgate.times')`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return database.PostgresFault(err)
		}
	}
	var moves bool
	const may = `SELECT has_sequence_privilege('socketgate.clock', 'UPDATE') AND has_sequence_privilege('socketgate.times', 'UPDATE')`
	if err := tx.QueryRow(ctx, may).Scan(&moves); err != nil {
		return database.PostgresFault(err)
	}
	if !moves {
		return database.Forbidden(errors.New("the role may not move the sequences socketgate.clock and socketgate.times"))
	}
	return nil
}

// oneTable fails where gateways of another message table use the clock: their commits would look like holes to ours.
func (p *postgresTable) oneTable(ctx context.Context) error {
	if _, err := p.writer.Exec(ctx, `DELETE FROM socketgate.batches WHERE at < now() - interval '1 day'`); err != nil {
		return database.PostgresFault(err)
	}
	var other string
	err := p.writer.QueryRow(ctx, `SELECT messages FROM socketgate.batches WHERE messages <> $1 AND at > now() - interval '1 hour' LIMIT 1`, p.mapping.name()).Scan(&other)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return database.PostgresFault(err)
	}
	return fmt.Errorf("gateways of another message table, %s, use this database: the gateways of each need a database of their own", other)
}
