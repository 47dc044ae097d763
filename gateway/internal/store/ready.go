package store

import (
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// health remembers the last ping, so that probes cost the database one a second at most.
type health struct {
	mu   lockorder.Mutex[health] // held while pinging: others wait for the same answer
	at   time.Time
	last error
}

// Ready is nil when messages can be stored as far as is known: no commit has failed since the last good one,
// and the database answered a ping within the last second. The error is message.ErrUnavailable and says why.
func (s *Store) Ready(ctx context.Context) error {
	if s.ctx.Err() != nil || s.queue.isClosed() {
		return errClosing
	}
	if o := s.outage.Load(); o != nil {
		return fmt.Errorf("%w: down for %s: %w", message.ErrUnavailable, time.Since(o.since).Round(time.Second), o.cause)
	}
	h := &s.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < time.Second {
		return h.last
	}
	// The answer is for everybody, so it does not end with one asker.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if h.last = s.table.ping(ctx); h.last != nil {
		h.last = fmt.Errorf("%w: ping: %w", message.ErrUnavailable, h.last)
	}
	h.at = time.Now()
	return h.last
}
