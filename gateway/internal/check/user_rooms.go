package check

import (
	"context"
	"log/slog"

	"github.com/socketgate/socketgate/gateway/internal/compose"
)

// userRooms sees that the database can be asked in which rooms users are.
func (s start) userRooms(ctx context.Context) {
	const step = "rooms"
	rooms, err := compose.OpenUserRooms(ctx, s.config, slog.New(slog.DiscardHandler))
	switch {
	case err != nil:
		s.fault(step, err.Error(), "USER_ROOMS_QUERY should give the rooms of the user whose id is $1, one a row")
	case rooms != nil && s.user != "":
		if all, err := rooms.Of(ctx, []string{s.user}); err != nil {
			s.fault(step, err.Error())
		} else {
			s.ok(step, "USER_ROOMS_QUERY has the token's user in %d rooms", len(all[0]))
		}
	case rooms != nil:
		s.ok(step, "USER_ROOMS_QUERY tells where users are")
	}
	rooms.Close()
}
