package saved

import (
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// succeeded is a socket whose session another gateway has.
type succeeded struct {
	socket session
	since  time.Time
}

// untilSuperseded is how long such a socket stays: until its client is surely in the member lists of the other gateway, so that
// it leaves none of them.
const untilSuperseded = time.Second

// succeed forgets what this gateway has of sessions that are others'.
func (w *writer) succeed(sids []string) {
	crowd := w.sockets.Load()
	if crowd == nil {
		return
	}
	now := time.Now()
	for _, sid := range sids {
		if socket := crowd.succeeded(sid); socket != nil {
			w.succeeded = append(w.succeeded, succeeded{socket, now})
		}
	}
}

// supersede ends sockets whose clients have come back elsewhere. Their connections are dead, or nobody reads from them any more.
func (w *writer) supersede(now time.Time) {
	n := 0
	for _, one := range w.succeeded {
		if now.Sub(one.since) < untilSuperseded {
			break // as are all behind it
		}
		one.socket.Supersede()
		n++
	}
	w.succeeded = w.succeeded[n:]
}

// mustRenew tells whether all sessions are to be written anew, before the first of them ends.
func (w *writer) mustRenew() bool {
	lasts := w.keeper.lasts()
	if lasts == 0 || time.Since(w.renewed) < lasts/2 {
		return false
	}
	w.renewed = time.Now()
	return true
}

// Reclaim tells whether a session that this gateway has in its memory is still its own: another gateway may have claimed it meanwhile.
// Of several gateways that ask, or claim it, at the same time, one gets it. While Redis is away nobody knows, and nobody claims.
func (s *Sessions) Reclaim(ctx context.Context, namespace, sid string) (ours bool, err error) {
	r, shared := s.keeper.(*redis)
	if !shared || s.off.Load() {
		return true, nil
	}
	if ours, err = r.reclaim(ctx, keyOf(namespace, sid)); err != nil {
		return false, fmt.Errorf("claim session back: %w", err)
	}
	return ours, nil
}

// takenUpWait bounds what TakenUp waits for Redis.
const takenUpWait = time.Second

// TakenUp tells whether another gateway has the session of a socket that is still here, which the news of it may not have reached yet. It is
// true where Redis does not say so within a second: who can't know whether its client has said something elsewhere must not store it again.
func (s *Sessions) TakenUp(ctx context.Context, socket *socketio.Socket) bool {
	return s.takenUp(ctx, socket)
}

func (s *Sessions) takenUp(ctx context.Context, one session) bool {
	r, shared := s.keeper.(*redis)
	crowd := s.sockets.Load()
	if !shared || crowd == nil || s.off.Load() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, takenUpWait)
	defer cancel()
	owner, err := r.owner(ctx, keyOf(crowd.namespace, one.ID()))
	return err != nil || owner != "" && owner != r.gateway
}
