package check

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/compose"
)

// names sees that the database can be asked what users are called whose token does not say so. found is what the schema gave.
func (s start) names(ctx context.Context, found string) {
	const step = "names"
	names, err := compose.OpenNames(ctx, s.config, found)
	switch {
	case err != nil && s.config.UserQuery != "":
		s.fault(step, err.Error(), "USER_QUERY should give the name of the user whose id is $1")
	case err != nil:
		s.warn(step, "where tokens have none, rooms are told the user's id: "+err.Error(), "USER_QUERY should ask where the gateway's role may read")
	case names == nil:
		s.skip(step, "they are in tokens only: neither USER_QUERY nor a foreign key of the sender's column leads to others")
	case s.config.UserQuery != "":
		s.ok(step, "USER_QUERY tells them where tokens do not")
	default:
		s.ok(step, "where tokens have none: %s", found)
	}
	names.Close()
}
