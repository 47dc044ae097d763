package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/pglisten"
)

// taker takes rows, one batch at a time, and tells them.
type taker struct {
	*Outbox
	places  Places
	tell    func(Emit)
	last    uint64        // position that was told last
	suspect time.Time     // until then rows may have got places that nobody has been told of
	pruned  time.Time     // when rows went last
	unread  bool          // the log knows that rows can't be read
	wake    chan struct{} // holds one
}

// listen wakes who takes. A lost connection costs no row, only lookEvery.
func (t *taker) listen(config *pglisten.Config) {
	lost := false // and the log knows
	pglisten.Listen(t.life, config, pglisten.Options{
		Channels:  []string{channel},
		Payload:   func(string) { t.rouse() },
		Listening: func() { lost = false; t.rouse() },
		Lost: func(err error) {
			if !lost {
				t.log.Warn("what the web app emits in its transactions is looked for every second (SQL_EMIT): its notifications are not heard", "error", err)
			}
			lost = true
		},
	})
}

func (t *taker) rouse() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run takes rows until the Outbox is closed.
func (t *taker) run() {
	timer := time.NewTicker(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-t.life.Done():
			return
		case <-t.wake:
		case <-timer.C:
		}
		t.attend()
	}
}

// attend takes all that is there.
func (t *taker) attend() {
	for more := true; more && t.life.Err() == nil; {
		var err error
		if more, err = t.look(); err == nil && more {
			more, err = t.take()
		}
		t.note(err)
		if err != nil {
			return
		}
	}
	if time.Since(t.pruned) > pruneEvery {
		t.note(t.prune())
	}
}

// note tells the log of an outage once.
func (t *taker) note(err error) {
	switch {
	case t.life.Err() != nil:
	case err != nil:
		t.watch.EmitsUnread()
		if !t.unread {
			t.log.Warn("what the web app emits in its transactions can't be read (SQL_EMIT)", "error", err)
		}
		t.unread = true
	case t.unread:
		t.unread = false
		t.log.Info("what the web app emits in its transactions can be read again (SQL_EMIT)")
	}
}

// look tells whether there is something to take, without keeping anybody from a commit.
func (t *taker) look() (is bool, err error) {
	ctx, cancel := context.WithTimeout(t.life, answerWithin)
	defer cancel()
	if t.options.Alone && time.Now().Before(t.suspect) {
		// What has a place behind all that was told, and is not being told, never was.
		if _, err := t.pool.Exec(ctx, "UPDATE socketgate.emits SET position = NULL WHERE position > $1::bigint", int64(t.last)); err != nil {
			return false, database.PostgresFault(err)
		}
	}
	if err := t.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM socketgate.emits WHERE position IS NULL)").Scan(&is); err != nil {
		return false, database.PostgresFault(err)
	}
	return is, nil
}

// Rows get their places in the order in which they were emitted: that of a transaction that began to emit after another one had ended is
// later. $1 first position, $2 most, $3 sequence or ”.
const takeRows = `
WITH untaken AS MATERIALIZED (
	SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM socketgate.emits WHERE position IS NULL ORDER BY id LIMIT $2::bigint
), placed AS MATERIALIZED (
	SELECT id, CASE WHEN $3::text = '' THEN $1::bigint + n ELSE nextval(nullif($3::text, '')::regclass) END AS position FROM untaken ORDER BY id
), taken AS (
	UPDATE socketgate.emits AS e SET position = p.position FROM placed AS p WHERE e.id = p.id
	RETURNING e.position, e.room, e.event, e.payload::text
)
SELECT * FROM taken ORDER BY position`

// take has a batch of rows get their places, and tells them when it is their turn.
func (t *taker) take() (more bool, err error) {
	var taken taking
	done := make(chan error, 1)
	t.places.Aside(func(ctx context.Context, db store.Asker, at store.Place) (last uint64, err error) {
		taken, err = t.takeAt(ctx, db, at)
		return taken.last, err
	}, func(err error) {
		if err == nil {
			for _, e := range taken.emits {
				t.tell(e)
			}
		}
		done <- err
	})
	if err := <-done; err != nil {
		t.suspect = time.Now().Add(suspectFor)
		return false, err
	}
	t.last = max(t.last, taken.last)
	t.watch.Emits("told", len(taken.emits))
	t.watch.Emits("too_large", taken.rows-len(taken.emits))
	return taken.rows == store.MostAside, nil
}

// taking is a batch of rows that have got their places.
type taking struct {
	rows  int
	last  uint64 // position
	emits []Emit // of those that can be told
}

func (t *taker) takeAt(ctx context.Context, db store.Asker, at store.Place) (taken taking, err error) {
	rows, err := db.Query(ctx, takeRows, int64(at.First), store.MostAside, at.Sequence)
	if err != nil {
		return taken, err
	}
	var position int64
	var room, event, payload string
	previous := at.Previous
	_, err = pgx.ForEachRow(rows, []any{&position, &room, &event, &payload}, func() error {
		taken.rows++
		taken.last = uint64(position)
		if len(payload) <= t.options.MaxPayload {
			taken.emits = append(taken.emits, Emit{taken.last, previous, room, event, json.RawMessage(payload)})
			previous = taken.last
		}
		return nil
	})
	return taken, err
}

// prune deletes what nobody comes back for any more, but for the latest, by which a gateway knows after a start how far it was.
func (t *taker) prune() error {
	const old = `DELETE FROM socketgate.emits WHERE id IN (
		SELECT id FROM socketgate.emits WHERE position < (SELECT max(position) FROM socketgate.emits)
			AND at < clock_timestamp() - make_interval(secs => $1::float8) ORDER BY id LIMIT $2::bigint)`
	ctx, cancel := context.WithTimeout(t.life, answerWithin)
	defer cancel()
	tag, err := t.pool.Exec(ctx, old, (t.options.Window + keptBeyond).Seconds(), prunedAtOnce)
	if err != nil {
		return database.PostgresFault(err)
	}
	if tag.RowsAffected() < prunedAtOnce {
		t.pruned = time.Now()
	}
	return nil
}
