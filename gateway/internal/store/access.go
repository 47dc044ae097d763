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
		ok, err := s.table.mayJoin(ctx, room, user)
		if database.IsRejected(err) {
			return false, nil
		}
		return ok, err
	})
	if err != nil {
		return false, fmt.Errorf("%w: room access query: %w", message.ErrUnavailable, err)
	}
	return ok, nil
}

// within bounds a call by the store's timeout and its life.
func (s *Store) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// saysYes reads the first column of an access query's first row.
func saysYes(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case int32:
		return v != 0
	case int16:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != "0" && v != "f" && v != "false"
	}
	return true
}
