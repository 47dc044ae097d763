package app

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// A gateway that stops among others closes its clients in slices, so that they come back elsewhere at a rate that the others can take:
// over half of SHUTDOWN_TIMEOUT, of which the other half is for what has to be written then.
const (
	drainSteps   = 40
	leastAtATime = 25 // clients; few of them do not take that long
)

// awaitProxy makes /readyz red and gives the proxy DRAIN_DELAY to notice, in which clients may still come. It returns at once where
// there is no other gateway to send them to.
func (a *App) awaitProxy(ctx context.Context) {
	if a.redis != nil {
		a.health.Drain()
		pause(ctx, a.config.DrainDelay)
	}
}

// sendElsewhere has the clients come back at the other gateways.
func (a *App) sendElsewhere(ctx context.Context) {
	if a.redis == nil || len(a.servers) == 0 {
		return
	}
	// A proxy that is refused a connection tries another gateway. One that is answered 503 would pass that on, and clients whose place the
	// proxy says is here would find none.
	public := a.servers[0]
	public.SetKeepAlivesEnabled(false)
	public.listener.Close()
	var all []leaver
	a.namespace().Each(func(s *socketio.Socket) { all = append(all, s) })
	closeInSlices(ctx, all, a.config.ShutdownTimeout/2)
}

// leaver is a client's socket.
type leaver interface{ Close(engineio.Reason) }

// closeInSlices closes all, spread evenly over a time, or sooner where they are few.
func closeInSlices(ctx context.Context, all []leaver, over time.Duration) {
	slice := max(leastAtATime, (len(all)+drainSteps-1)/drainSteps)
	for len(all) > 0 {
		n := min(slice, len(all))
		for _, one := range all[:n] {
			one.Close(engineio.ShuttingDown)
		}
		if all = all[n:]; len(all) > 0 && !pause(ctx, over/drainSteps) {
			return // the shutdown closes the rest
		}
	}
}

// pause returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
