package store

import (
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// How long each part of a batch waits for a lock of the app's when it is only tried, how many are tried at once, and how many may
// wait until the rest is taken to wait as well: a table may be locked.
const (
	waitOfTrial = 5 * time.Millisecond
	triedAtOnce = 64
	mostWaiting = 16
)

// beginTrial begins a transaction that is rolled back, with the short patience of gateways among others.
var beginTrial = fmt.Sprintf("%s; SET LOCAL lock_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d",
	beginTurn, waitOfTrial.Milliseconds(), longestHeld.Milliseconds())

// findWaiting tries each part of a batch, without the lock of the clock, and tells which would wait for a lock of the app's.
func (p *postgresTable) findWaiting(ctx context.Context, parts [][]*entry) (waits []bool, err error) {
	waits = make([]bool, len(parts))
	count := 0
	err = p.trying(ctx, false, func() error {
		for from := 0; from < len(parts); from += triedAtOnce {
			to := min(from+triedAtOnce, len(parts))
			faults, err := p.tryParts(ctx, parts[from:to], false)
			if err != nil {
				return err
			}
			for i, fault := range faults {
				if waits[from+i] = database.IsBusy(fault); waits[from+i] {
					count++
				}
			}
			for i := to; count >= mostWaiting && i < len(parts); i++ {
				waits[i] = true
			}
			if count >= mostWaiting {
				return nil
			}
		}
		return nil
	})
	return waits, err
}

// endHolder ends whoever has held the lock of the clock for too long: a gateway that has stopped, say. A role may end what is its own.
const endHolder = `
SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (l.classid::bigint, l.objid::bigint) = (` + theLock + `) AND l.objsubid = 2
AND l.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - make_interval(secs => $1::float8)`

func (p *postgresTable) endBlocker(ctx context.Context) (ended int, err error) {
	if err := p.awake(ctx); err != nil {
		return 0, err
	}
	tag, err := p.writer.Exec(ctx, endHolder, longestHeld.Seconds())
	if err != nil {
		return 0, database.PostgresFault(err)
	}
	return int(tag.RowsAffected()), nil
}
