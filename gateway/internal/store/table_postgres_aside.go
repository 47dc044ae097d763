package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// place has a sequence for positions where the database makes the ids in order.
func (p *postgresTable) place(at Place) Place {
	if p.sequence != "" {
		at.First, at.Sequence = 0, p.sequence
	}
	return at
}

func (p *postgresTable) aside(ctx context.Context, take takeAside, at Place) error {
	if err := p.awake(ctx); err != nil {
		return err
	}
	if _, err := take(ctx, p.writer, p.place(at)); err != nil {
		return database.PostgresFault(err)
	}
	return nil
}

// asideInTurn is a commit like those of messages: it holds the clock until everybody can see what it has written, and moves the clock on.
func (p *postgresTable) asideInTurn(ctx context.Context, take takeAside, told uint64) error {
	if err := p.awake(ctx); err != nil {
		return err
	}
	if err := p.takeInTurn(ctx, take, told); err != nil {
		p.endFailed()
		return database.PostgresFault(err)
	}
	p.used = time.Now()
	return nil
}

// waitForClock waits for the lock of the clock, and from then on for nothing long.
var waitForClock = fmt.Sprintf(`
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s))
SELECT coalesce(pg_sequence_last_value('socketgate.clock'), 0), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
	set_config('lock_timeout', '%d', true) FROM held`, theLock, waitUnderLock.Milliseconds())

func (p *postgresTable) takeInTurn(ctx context.Context, take takeAside, told uint64) error {
	timeout := "0"
	if at, ok := ctx.Deadline(); ok {
		timeout = strconv.FormatInt(max(time.Until(at).Milliseconds(), 1), 10)
	}
	begin := &pgx.Batch{}
	begin.Queue(beginTurn)
	begin.Queue(prepareTurn, timeout)
	var clock, now int64
	begin.Queue(waitForClock).QueryRow(func(row pgx.Row) error { return row.Scan(&clock, &now, nil) })
	if err := p.writer.SendBatch(ctx, begin).Close(); err != nil {
		return err
	}
	at := Place{Previous: uint64(clock), First: p.mapping.placeAfter(max(uint64(clock), told), now)}
	last, err := take(ctx, p.writer, p.place(at))
	if err != nil {
		return err
	}
	end := &pgx.Batch{}
	if last > 0 {
		end.Queue("SELECT setval('socketgate.clock', $1::bigint)", int64(last))
	}
	committed := false
	end.Queue(endTurn).Exec(func(tag pgconn.CommandTag) error { committed = tag.String() == endTurn; return nil })
	if err := p.writer.SendBatch(ctx, end).Close(); err != nil {
		return err
	}
	if !committed {
		return errRolledBack
	}
	return nil
}
