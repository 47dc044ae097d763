package saved

import (
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// voids are the sessions in Redis that are not what their clients were told, by a row in Postgres: rooms have changed while Redis was away.
// Such a session is taken up from the copy, which has it as it is. A row is there before an answer is, and goes
// after Redis has the session as it is.
type voids struct {
	*postgres // of the copy
	lasts     time.Duration

	mu   lockorder.Mutex[voids]
	rows map[key]bool // that this gateway may have made; false where Redis has the session by now
}

// voidWait bounds what an answer waits for Postgres.
const voidWait = time.Second

const createVoid = `CREATE TABLE IF NOT EXISTS socketgate.void_sessions (
    key bytea PRIMARY KEY,          -- of a session in Redis that is not as it should be
    since timestamptz NOT NULL
)`

const (
	addVoids = `INSERT INTO socketgate.void_sessions (key, since) SELECT key, clock_timestamp() FROM (SELECT DISTINCT key FROM unnest($1::bytea[]) AS n (key)) AS each
		ON CONFLICT (key) DO UPDATE SET since = excluded.since`
	endVoids   = `DELETE FROM socketgate.void_sessions WHERE key = ANY ($1::bytea[])`
	sweepVoids = `DELETE FROM socketgate.void_sessions WHERE since < clock_timestamp() - make_interval(secs => $1::float8)`
)

// add makes rows. Even after an error there may be some.
func (v *voids) add(ctx context.Context, keys []key) error {
	v.note(keys, true)
	err := v.exec(ctx, addVoids, bytesOf(keys))
	if database.IsForbidden(err) {
		if err := v.exec(ctx, database.CreateOwn(Tables()...)); err != nil {
			return err
		}
		err = v.exec(ctx, addVoids, bytesOf(keys))
	}
	v.note(keys, true) // what was written meanwhile has forgotten them
	return err
}

// note has the rows of keys count from now on, or not any more.
func (v *voids) note(keys []key, count bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range keys {
		v.rows[one] = count
	}
}

// written takes the rows away of sessions that Redis has as they are. What fails is tried the next time.
func (v *voids) written(ctx context.Context, keys []key) error {
	over := v.overBy(keys)
	if len(over) == 0 {
		return nil
	}
	if err := v.exec(ctx, endVoids, bytesOf(over)); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range over {
		if !v.rows[one] {
			delete(v.rows, one)
		}
	}
	return nil
}

func (v *voids) overBy(keys []key) (over []key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range keys {
		if v.rows[one] {
			v.rows[one] = false
		}
	}
	for one, counts := range v.rows {
		if !counts {
			over = append(over, one)
		}
	}
	return over
}

// mayHave tells whether this gateway may have made a row of a session that is still there.
func (v *voids) mayHave(one key) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, noted := v.rows[one]
	return noted
}

// sweep takes away the rows of sessions that Redis has forgotten.
func (v *voids) sweep(ctx context.Context) error {
	err := v.exec(ctx, sweepVoids, v.lasts.Seconds())
	if database.IsForbidden(err) {
		return nil
	}
	return err
}

// isVoid tells whether what Redis has of a session may count for nothing.
func (s *Sessions) isVoid(sid string) bool {
	crowd := s.sockets.Load()
	return crowd != nil && s.voids.mayHave(keyOf(crowd.namespace, sid))
}

// void has sessions that are copied as they are be taken up from there until they are written, or fails.
func (s *Sessions) void(sids []string) error {
	crowd := s.sockets.Load()
	if crowd == nil {
		return fmt.Errorf("no namespace is followed")
	}
	ctx, cancel := context.WithTimeout(s.life, voidWait)
	defer cancel()
	keys := make([]key, len(sids))
	for i, sid := range sids {
		keys[i] = keyOf(crowd.namespace, sid)
	}
	if err := s.voids.add(ctx, keys); err != nil {
		s.log.Debug("sessions that can't be saved are given up: that they are void could not be noted", "sessions", len(sids), "error", err)
		return fmt.Errorf("note sessions that can't be saved: %w", err)
	}
	s.watch.SessionsUnwritten("void", len(sids))
	for i, sid := range sids {
		if !s.changes.isPending(sid) { // it was written meanwhile, and nobody may come to take the row away
			s.voids.note(keys[i:i+1], false)
		}
	}
	return nil
}
