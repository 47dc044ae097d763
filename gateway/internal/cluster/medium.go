package cluster

import (
	"context"
	"errors"
	"time"
)

// medium is what is between nodes: Redis, and memory in tests of the model. Its methods have the deadline of their context, and may
// be called from any goroutine. A failed call may have had its effect.
type medium interface {
	// register makes an epoch known, with a lease.
	register(ctx context.Context, epoch string, lease time.Duration) error
	// renew renews a lease. It is errLost where the epoch, or what it has written, is not known any more.
	renew(ctx context.Context, epoch string, wrote uint64, lease time.Duration) (reading, error)
	// write writes a batch and tells all nodes. It writes nothing and is errLost as renew is.
	write(ctx context.Context, b *batch) error
	// load reads rooms: the shares of each by epoch.
	load(ctx context.Context, rooms []string) ([]map[string]*share, error)
	// sequences reads those of all nodes.
	sequences(ctx context.Context) (map[string]uint64, error)
	// marks reads what an epoch says of its users in rooms.
	marks(ctx context.Context, epoch string, rooms []string) ([]mark, error)
	// present reads which users an epoch has in a room.
	present(ctx context.Context, epoch, room string) ([]string, error)
	// fence ends an epoch for good, unless its lease has come back: it can write nothing any more.
	fence(ctx context.Context, epoch string) (over bool, err error)
	// clean deletes what an epoch that is over has left in these rooms, or in all without any, unless another node does that already.
	clean(ctx context.Context, epoch string, rooms ...string) error
	// end forgets an epoch that has deleted its own fields.
	end(ctx context.Context, epoch string) error
	// tell tells all nodes, this one too, and returns how many have heard it; -1 where nobody can say.
	tell(ctx context.Context, message []byte) (heard int, err error)
	// listen calls heard with what is told, in order, until ctx ends or the connection does. Ready is called when nothing told from
	// then on is missed.
	listen(ctx context.Context, ready func(), heard func([]byte)) error
	close()
}

// errAway: Redis was not asked, since it did not answer a moment ago.
var errAway = errors.New("no answer from Redis a moment ago")

// errLost: Redis has lost what it had acknowledged, or the others took this node for dead.
var errLost = errors.New("this gateway is not known to Redis any more")
