package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// clockTable is what the store asks of a message table to which several gateways write in one order. The methods of the first group are
// called one at a time, by the committer or, before there is one, by whoever opens the table. The others may be called by anybody at any
// time. Errors are faults.
type clockTable interface {
	// openClock makes what is missing, tries it, and moves the clock on to the position of the newest row, if it is behind. It returns the clock.
	openClock(ctx context.Context, node string, newest uint64) (uint64, error)
	// commit commits a turn, in its order or nothing of it, and gives it its place. Nothing of it is committed if the database skips a row.
	// A fault that IsBusy says that it has waited for a lock, of the app's or of another gateway.
	commit(ctx context.Context, t *turn) error
	// settle tells whether a turn was committed whose commit was in doubt, and gives it its place; if not, it never will be.
	settle(ctx context.Context, t *turn) (committed bool, err error)
	// findWaiting tells which parts of a batch would wait for a lock of the app's.
	findWaiting(ctx context.Context, parts [][]*entry) ([]bool, error)
	// endBlocker ends the commits of others that have kept all others waiting for seconds, and counts them.
	endBlocker(ctx context.Context) (int, error)

	// readClock gives the position of the latest commit. Whoever reads the table afterwards finds every row up to there.
	readClock(ctx context.Context) (uint64, error)
	// after gives rows with ids above low and up to high to take, the lowest first, most of them at most, until it wants no more.
	after(ctx context.Context, low, high string, most int, take func(e *entry) (more bool)) error
}

// joinCluster has the store take its place in the order of all gateways.
func (s *Store) joinCluster(ctx context.Context, c Config) error {
	if c.Node == "" || s.mapping.Database == database.None {
		return nil
	}
	clock, ok := s.table.(clockTable)
	if !ok {
		return errors.New("several gateways on one SQLite database have no common order: use Postgres, or take REDIS_URL away")
	}
	if ok, why := s.Replays(); !ok {
		return fmt.Errorf("gateways that are joined by REDIS_URL need ids in the order of commits: %s", why)
	}
	now, err := clock.openClock(ctx, c.Node, s.head)
	if err != nil {
		return fmt.Errorf("join the other gateways in the schema %s: %w", database.OwnSchema, err)
	}
	s.cluster, s.highest, s.head = clock, c.Told, now
	return nil
}

var errAlone = errors.New("the store was opened without Config.Node: there is no order of several gateways")

// Now is the position of the latest commit of all gateways: every row up to there can be read. It asks the primary, and waits for
// commits that are under way. The error wraps message.ErrUnavailable; it comes within the store's timeout.
func (s *Store) Now(ctx context.Context) (uint64, error) {
	if s.cluster == nil {
		return 0, errAlone
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	now, err := s.cluster.readClock(ctx)
	if err != nil {
		return 0, unreadable(err)
	}
	return now, nil
}

// MostAfter is how many rows After gives without a limit.
const MostAfter = 1000

// After reads what the gateways have stored behind a position, wherever it went, in the order of positions, from the primary. It
// gives limit rows at most; a limit of 0 means MostAfter. A row's Previous is the position of the row before it, or the one it was asked for.
//
// Through is the position up to which no row can be missing, now or later: a caller that goes on from there has seen everything.
// It may be below the one it was asked for, if the database has lost its latest rows. A row whose text can't be decrypted is left out, and
// the log says so. Where the database makes the ids, rows of the app can't be told from ours and are among them.
//
// The error wraps message.ErrUnavailable; it comes within the store's timeout.
func (s *Store) After(ctx context.Context, after uint64, limit int) (rows []message.Kept, through uint64, err error) {
	if s.cluster == nil {
		return nil, 0, errAlone
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	// The clock first, in a transaction that is over before the rows are read: what was committed up to there is visible then.
	if through, err = s.cluster.readClock(ctx); err != nil {
		return nil, 0, unreadable(err)
	}
	r := &reading{Store: s, limit: cmp.Or(limit, MostAfter), last: after}
	if through, err = r.read(ctx, after, through); err != nil {
		return nil, 0, unreadable(err)
	}
	return r.rows, through, nil
}

// reading reads the table in the order of positions.
type reading struct {
	*Store
	limit, bytes int
	rows         []message.Kept
	last         uint64 // position of the row before
}

// read reads page by page, since rows of the app may stand between ours, and tells how far it came.
func (r *reading) read(ctx context.Context, after, through uint64) (uint64, error) {
	if after >= through {
		return through, nil
	}
	low, high := r.mapping.bounds(after, through)
	for {
		looked := 0
		err := r.cluster.after(ctx, low, high, r.limit, func(e *entry) (more bool) {
			looked++
			low = e.id
			r.take(e)
			return !r.full()
		})
		switch {
		case err != nil:
			return 0, err
		case r.full():
			return r.last, nil
		case looked < r.limit:
			return through, nil
		}
	}
}

func (r *reading) full() bool { return len(r.rows) >= r.limit || r.bytes > maxSweptBytes }

func (r *reading) take(e *entry) {
	position, ours := r.mapping.position(e.id)
	if !ours {
		return
	}
	r.bytes += sweptOverhead + len(e.text)
	k, err := r.kept(e, position)
	if err != nil {
		r.untold.Do(func() { r.log.Warn("a stored message can't be told to its room", "error", err) })
		return
	}
	k.Previous, r.last = r.last, position
	r.rows = append(r.rows, *k)
}
