package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// History is what the store has of messages, with the emits among them.
type History struct {
	*Outbox
	Store interface {
		Missed(ctx context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error)
		Repeated(ctx context.Context, d message.Draft, after uint64) (message.Kept, bool, error)
		Now(ctx context.Context) (uint64, error)
		After(ctx context.Context, after uint64, limit int) ([]message.Kept, uint64, error)
	}
}

// Repeated is the store's: an emit is no resend.
func (h History) Repeated(ctx context.Context, d message.Draft, after uint64) (message.Kept, bool, error) {
	return h.Store.Repeated(ctx, d, after)
}

// Now is the store's.
func (h History) Now(ctx context.Context) (uint64, error) { return h.Store.Now(ctx) }

// Missed is the store's, with the emits to the rooms of the gaps.
func (h History) Missed(ctx context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error) {
	rows, err := h.Store.Missed(ctx, gaps, through, limit)
	if err != nil {
		return nil, err
	}
	var rooms []string
	var after []int64
	for _, gap := range gaps {
		if gap.Room != "" {
			rooms, after = append(rooms, gap.Room), append(after, int64(gap.After))
		}
	}
	const missed = `
SELECT DISTINCT e.position, e.room, e.event, e.payload::text FROM unnest($1::text[], $2::bigint[]) AS g (room, after)
JOIN socketgate.emits AS e ON e.room = g.room AND e.position > g.after AND e.position <= $3::bigint
WHERE octet_length(e.payload::text) <= $5::bigint ORDER BY e.position LIMIT $4::bigint`
	emits, err := h.read(ctx, missed, rooms, after, int64(through), limit+1, h.options.MaxPayload)
	if err != nil {
		return nil, err
	}
	if len(rows)+len(emits) > limit {
		return nil, fmt.Errorf("%w: with what the web app has emitted", message.ErrTooMuch)
	}
	return among(rows, emits), nil
}

// After is the store's, with all emits up to there.
func (h History) After(ctx context.Context, after uint64, limit int) (rows []message.Kept, through uint64, err error) {
	rows, through, err = h.Store.After(ctx, after, limit)
	if err != nil || through <= after {
		return rows, through, err
	}
	const later = `
SELECT position, room, event, payload::text FROM socketgate.emits WHERE position > $1::bigint AND position <= $2::bigint
	AND octet_length(payload::text) <= $4::bigint ORDER BY position LIMIT $3::bigint`
	limit = cmp.Or(limit, store.MostAfter)
	emits, err := h.read(ctx, later, int64(after), int64(through), limit, h.options.MaxPayload)
	if err != nil {
		return nil, 0, err
	}
	all := among(rows, emits)
	if len(all) >= limit { // there may be more emits than were read
		all, through = all[:limit], all[limit-1].Position
	}
	return all, through, nil
}

// among sorts emits in.
func among(rows, emits []message.Kept) []message.Kept {
	if len(emits) == 0 {
		return rows
	}
	all := append(slices.Clip(rows), emits...)
	slices.SortFunc(all, func(a, b message.Kept) int { return cmp.Compare(a.Position, b.Position) })
	return all
}

func (h History) read(ctx context.Context, sql string, args ...any) ([]message.Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	rows, err := h.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, unreadable(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k message.Kept, err error) {
		var position int64
		var payload string
		k.Said = new(message.Said)
		err = row.Scan(&position, &k.InRoom, &k.Said.Event, &payload)
		k.Position, k.Said.Payload = uint64(position), json.RawMessage(payload)
		return k, err
	})
	if err != nil {
		return nil, unreadable(err)
	}
	return all, nil
}

func unreadable(err error) error {
	return fmt.Errorf("%w: read emits: %w", message.ErrUnavailable, database.PostgresFault(err))
}
