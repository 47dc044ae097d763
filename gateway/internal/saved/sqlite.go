package saved

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// sqlite keeps sessions in a file of its own, so that chat never waits for them.
type sqlite struct {
	gateway string
	window  float64 // seconds
	url     database.URL
	log     *slog.Logger
	db      atomic.Pointer[sql.DB] // with one connection; nil until it was prepared
}

func openSQLite(url database.URL, window time.Duration, log *slog.Logger) (*sqlite, error) {
	return &sqlite{gateway: newGateway(), window: window.Seconds(), url: url, log: log}, nil
}

func (s *sqlite) close() {
	if db := s.db.Swap(nil); db != nil {
		db.Close()
	}
}

// now is the time in seconds.
const now = `unixepoch('subsec')`

const (
	hasWritten = `SELECT EXISTS (SELECT 1 FROM gateways WHERE id = ? AND has_written)`
	writeAlive = `INSERT INTO gateways (id, alive_at, has_written) VALUES (?1, ` + now + `, ?2)
		ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at, has_written = has_written OR excluded.has_written`
	writeEnded = `DELETE FROM sessions WHERE gateway = ?1 AND key = ?2`
	writeSaved = `INSERT INTO sessions (key, gateway, user_id, session) VALUES (?2, ?1, ?3, ?4)
		ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, session = excluded.session WHERE gateway = excluded.gateway`
	claimSQLite = `UPDATE sessions SET gateway = ?1, generation = generation + 1, claimed_at = ` + now + `
		FROM (SELECT unhex(value ->> 0) AS asked, value ->> 1 AS since FROM json_each(?2))
		WHERE key = asked AND (SELECT alive_at FROM gateways WHERE id = sessions.gateway) > ` + now + ` - ?3
		AND CASE WHEN gateway = ?1 THEN claimed_at = 0 ELSE claimed_at IS NULL OR round(claimed_at * 1000) < since END
		RETURNING key, user_id, session`
	releaseSQLite       = `UPDATE sessions SET claimed_at = 0 WHERE gateway = ?1 AND key = ?2`
	ownedSQLite         = `SELECT key FROM sessions WHERE gateway = ?`
	sweepGatewaysSQLite = `DELETE FROM gateways WHERE alive_at < ` + now + ` - ?`
	sweepSessionsSQLite = `DELETE FROM sessions WHERE key IN (
		SELECT key FROM sessions WHERE gateway NOT IN (SELECT id FROM gateways) LIMIT ?)`
)

// inOneCommit runs f in a transaction that has the file's write lock from the start, with the gateway's sign of life.
func (s *sqlite) inOneCommit(ctx context.Context, writes bool, f func(tx *sql.Tx) error) error {
	db := s.db.Load()
	if db == nil {
		return database.Unavailable(errNotOpen, false)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return database.SQLiteFault(err, false)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return database.SQLiteFault(err, false)
	}
	if _, err := tx.ExecContext(ctx, writeAlive, s.gateway, writes); err != nil {
		return database.SQLiteFault(err, false)
	}
	if err := tx.Commit(); err != nil {
		return database.SQLiteFault(err, true)
	}
	return nil
}

var errNotOpen = errors.New("the file of saved sessions is not open")

// each runs one statement for each of n sets of arguments, which come after the gateway's, and tells which of them changed no row.
func (s *sqlite) each(ctx context.Context, tx *sql.Tx, statement string, n int, args func(i int) []any) (futile []int, err error) {
	prepared, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer prepared.Close()
	for i := range n {
		done, err := prepared.ExecContext(ctx, append([]any{s.gateway}, args(i)...)...)
		if err != nil {
			return nil, err
		}
		rows, err := done.RowsAffected()
		if err != nil {
			return nil, err
		}
		if rows == 0 {
			futile = append(futile, i)
		}
	}
	return futile, nil
}

func (s *sqlite) write(ctx context.Context, saves []row, ends []key) (w written, err error) {
	err = s.inOneCommit(ctx, true, func(tx *sql.Tx) error {
		var before bool
		if err := tx.QueryRowContext(ctx, hasWritten, s.gateway).Scan(&before); err != nil {
			return err
		}
		w.anew = !before
		if _, err := s.each(ctx, tx, writeEnded, len(ends), func(i int) []any { return []any{ends[i][:]} }); err != nil {
			return err
		}
		refused, err := s.each(ctx, tx, writeSaved, len(saves), func(i int) []any {
			return []any{saves[i].key[:], saves[i].user, saves[i].session}
		})
		for _, i := range refused {
			w.refused = append(w.refused, saves[i].sid)
		}
		return err
	})
	if database.IsFull(err) {
		w.anew = s.discard()
	}
	return w, err
}

func (s *sqlite) lasts() time.Duration { return 0 }

// discard deletes the file: what can't be written over must not come back as it was, and a full disk lets files be deleted. It
// tells whether it is gone.
func (s *sqlite) discard() (gone bool) {
	s.close()
	path, err := s.path()
	if err != nil {
		return false
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Error("sessions can't be saved, and old ones not be deleted: who changes rooms begins anew", "error", err)
			return false
		}
	}
	return true
}

func (s *sqlite) claim(ctx context.Context, all []asked) (found []row, err error) {
	err = s.inOneCommit(ctx, false, func(tx *sql.Tx) error {
		now := time.Now() // there is one clock for all who have the file open
		pairs := make([][2]any, len(all))
		for i := range all {
			pairs[i] = [2]any{hex.EncodeToString(all[i].key[:]), all[i].sinceBy(now).UnixMilli()}
		}
		list, err := json.Marshal(pairs)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, claimSQLite, s.gateway, string(list), s.window)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var bytes []byte
			var one row
			if err := rows.Scan(&bytes, &one.user, &one.session); err != nil {
				return err
			}
			copy(one.key[:], bytes)
			found = append(found, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (s *sqlite) release(ctx context.Context, keys []key) error {
	return s.inOneCommit(ctx, false, func(tx *sql.Tx) error {
		_, err := s.each(ctx, tx, releaseSQLite, len(keys), func(i int) []any { return []any{keys[i][:]} })
		return err
	})
}

func (s *sqlite) owned(ctx context.Context) (all []key, err error) {
	err = s.inOneCommit(ctx, false, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, ownedSQLite, s.gateway)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var bytes []byte
			if err := rows.Scan(&bytes); err != nil {
				return err
			}
			all = append(all, key(bytes))
		}
		return rows.Err()
	})
	return all, err
}

func (s *sqlite) sweep(ctx context.Context) (more bool, err error) {
	err = s.inOneCommit(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, sweepGatewaysSQLite, s.window); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, sweepSessionsSQLite, sweepRows)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		more = n == sweepRows
		return err
	})
	return more, err
}
