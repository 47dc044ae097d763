package store

import (
	"context"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/lookup"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// MayJoin asks the access query whether user may join room. Without a query everybody may. An error is
// message.ErrUnavailable and means that nobody knows; a room or user that the query's types can't hold is a
// plain no. It takes at most Config.Timeout, in which it may wait for a user's turn.
func (s *Store) MayJoin(ctx context.Context, room, user string) (bool, error) {
	if !s.guarded {
		return true, nil
	}
	if s.outage.Load() != nil {
		return false, errDown
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	ok, err := s.desk.Ask(ctx, user, lookup.About(room, user), func() (bool, error) {
		row, err := s.table.access(ctx, room, user)
		if database.IsRejected(err) {
			return false, nil
		}
		return err == nil && s.saysYes(row), err
	})
	if err != nil {
		return false, fmt.Errorf("%w: room access query: %w", message.ErrUnavailable, err)
	}
	return ok, nil
}

// MayStay is MayJoin for many at once, which costs the database one query. Where one of them is to blame for an error, each is asked
// by itself.
func (s *Store) MayStay(ctx context.Context, seats []message.Seat) ([]bool, error) {
	may := make([]bool, len(seats))
	if !s.guarded {
		for i := range may {
			may[i] = true
		}
		return may, nil
	}
	if s.outage.Load() != nil {
		return nil, errDown
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	rows, err := s.table.accesses(ctx, seats)
	switch {
	case database.IsRejected(err):
		for i, seat := range seats {
			if may[i], err = s.MayJoin(ctx, seat.Room, seat.User); err != nil {
				return nil, err
			}
		}
		return may, nil
	case err != nil:
		return nil, fmt.Errorf("%w: room access query: %w", message.ErrUnavailable, err)
	}
	for i, row := range rows {
		may[i] = s.saysYes(row)
	}
	return may, nil
}

// saysYes takes only a clear yes for one, and says once that the query gives something else.
func (s *Store) saysYes(row []any) bool {
	answer := database.Judge(row)
	if answer == database.Unclear {
		s.unclear.Do(func() {
			s.log.Warn("ROOM_ACCESS_QUERY gives a value that says neither yes nor no, which counts as no: let its first column be true or 1 (SELECT true FROM …)")
		})
	}
	return answer == database.Yes
}

// within bounds a call by the store's timeout and its life.
func (s *Store) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}
