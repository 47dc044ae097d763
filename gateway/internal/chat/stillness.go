package chat

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// beatEvery is how often a process that runs notes that it does, and longestBeat what it is late by when it stood still: SIGSTOP, a
// suspended machine, a long swap. Its clients have gone to other gateways by then and have sent again there what it reads only now.
const (
	beatEvery   = 250 * time.Millisecond
	longestBeat = time.Second
)

// stillness knows whether this process has stood still while it belonged to a cluster. Any goroutine may use it.
type stillness struct {
	began time.Time
	beat  atomic.Int64 // the latest one, in nanoseconds since began
	until atomic.Int64 // the same: what comes before may have been said elsewhere
}

// run notes that the process runs, until ctx ends.
func (s *stillness) run(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.stood(time.Now())
			s.beat.Store(int64(time.Since(s.began)))
		}
	}
}

// stood tells whether a message that is read now may be one that other gateways have already, since this process stood still less
// than resendWindow ago. Whoever runs first after a stop finds that out, be it the beat or a message.
func (s *stillness) stood(now time.Time) bool {
	at := int64(now.Sub(s.began))
	if time.Duration(at-s.beat.Load()) > longestBeat {
		s.until.Store(at + int64(resendWindow))
	}
	return at < s.until.Load()
}

// saidElsewhere tells whether a message without an id comes from a client that has gone to another gateway while this one stood still. The
// client sends there again what it has no ack of, and nothing else would tell the two apart from two messages with the same words. If nobody
// knows, the message may have been sent there, and is refused: a client that is still here sends it again.
func (c *Chat) saidElsewhere(s *socketio.Socket, r *request) bool {
	return c.stillness != nil && c.options.TakenUp != nil && r.event.WantsAck() && c.stillness.stood(time.Now()) && c.options.TakenUp(c.ctx, s)
}
