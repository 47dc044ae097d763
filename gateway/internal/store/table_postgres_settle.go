package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// settleTimeout is how long a settlement waits for a commit that is under way on the server. It may be repeated.
const settleTimeout = time.Second

// A row that says that there was no such commit stands in the way of the commit itself, by the primary key, should it still come:
// from a frozen server, say. If the commit is under way, the insert waits for its end.
const (
	markSettled = `INSERT INTO socketgate.batches (node, batch, messages, at) VALUES ($1::text, $2::bigint, $3::text, clock_timestamp()) ON CONFLICT DO NOTHING`
	readSettled = `SELECT previous, first, millis, ids FROM socketgate.batches WHERE node = $1::text AND batch = $2::bigint`
)

// settle finds out whether the turn was committed whose reply was lost, and sees to it that otherwise it never will be.
func (p *postgresTable) settle(ctx context.Context, t *turn) (committed bool, err error) {
	batch := &pgx.Batch{}
	batch.Queue(beginTurn)
	batch.Queue(fmt.Sprintf("SELECT set_config('lock_timeout', '%d', true)", settleTimeout.Milliseconds()))
	batch.Queue(markSettled, p.node, t.number, p.mapping.name())
	batch.Queue(readSettled, p.node, t.number)
	batch.Queue(endTurn)
	results := p.writer.SendBatch(ctx, batch)
	committed, err = p.readSettlement(results, t)
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		err = database.PostgresFault(err)
		p.endFailed()
		return false, err
	}
	p.used = time.Now()
	return committed, nil
}

func (p *postgresTable) readSettlement(results pgx.BatchResults, t *turn) (committed bool, err error) {
	for range 3 {
		if _, err := results.Exec(); err != nil {
			return false, err
		}
	}
	var previous, first, millis *int64
	var ids []string
	if err := results.QueryRow().Scan(&previous, &first, &millis, &ids); err != nil {
		return false, err
	}
	if tag, err := results.Exec(); err != nil || tag.String() != endTurn {
		return false, cmp.Or(err, errRolledBack)
	}
	if previous == nil {
		return false, nil
	}
	t.previous, t.first, t.millis, t.ids = uint64(*previous), uint64(*first), *millis-int64(t.span()), ids
	return true, nil
}
