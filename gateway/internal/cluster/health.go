package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// probeEvery is how often a node tells itself something through Redis. What has not come back by the next time has it listen anew.
const probeEvery = 2 * time.Second

// health is how the exchange with Redis goes. Any goroutine may use it.
type health struct {
	start    time.Time
	away     atomic.Bool
	renewal  atomic.Int64 // when the lease was renewed last, in nanoseconds since start
	clean    atomic.Int64 // when nothing waited to be written last
	sent     atomic.Uint64
	back     atomic.Uint64 // the number of the latest probe that has come back
	backAt   atomic.Int64
	hears    atomic.Bool
	relisten atomic.Pointer[context.CancelFunc] // never nil

	cause             atomic.Pointer[error] // why something failed last, since this node was ready
	nextLoss          atomic.Int64          // when the log may be told of a loss again
	writing, cleaning atomic.Bool
	garbled, lostActs atomic.Uint64
}

func (h *health) begin(now time.Time) {
	h.start = now
	h.away.Store(true) // until it has answered once
	h.listen(func() {})
}

func (h *health) since(at *atomic.Int64, now time.Time) time.Duration {
	return now.Sub(h.start) - time.Duration(at.Load())
}

// renewed notes a renewal, and reports whether the one before is so long ago that others may not have been able to renew theirs.
func (h *health) renewed(now time.Time) (late bool) {
	late = h.since(&h.renewal, now) > 2*renewal
	h.renewal.Store(int64(now.Sub(h.start)))
	return h.away.Swap(false) || late
}

// failed notes that Redis does not answer. One answer that is late is not yet an outage.
func (h *health) failed(now time.Time) {
	if h.since(&h.renewal, now) > 2*renewal {
		h.away.Store(true)
	}
}

// lastCause is why something failed since this node was ready.
func (h *health) lastCause() error {
	if cause := h.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// saysLoss tells whether the log is to be told of a loss: not each time, where one follows the other.
func (h *health) saysLoss(now time.Time) bool {
	at, next := int64(now.Sub(h.start)), h.nextLoss.Load()
	return at >= next && h.nextLoss.CompareAndSwap(next, at+int64(sayAgain))
}

func (h *health) isAway() bool    { return h.away.Load() }
func (h *health) isWriting() bool { return h.writing.Load() }

func (h *health) listen(again context.CancelFunc) { h.relisten.Store(&again) }
func (h *health) listens()                        { h.hears.Store(true) }
func (h *health) deaf()                           { h.hears.Store(false) }

// probed takes a probe that has come back.
func (h *health) probed(b []byte) (ok bool) {
	if len(b) != 8 {
		return false
	}
	h.back.Store(binary.BigEndian.Uint64(b))
	h.backAt.Store(int64(time.Since(h.start)))
	return true
}

// probing tells this node something every two seconds. When it does not come back though this node listens, or does not begin to
// listen within two of them, it listens anew.
func (n *Node) probing() {
	h := &n.health
	for missed := 0; n.ctx.Err() == nil; {
		listened := h.hears.Load()
		n.tellAll(binary.BigEndian.AppendUint64([]byte{saysProbe}, h.sent.Add(1)))
		n.wait(probeEvery)
		if h.back.Load() == h.sent.Load() {
			missed = 0
		} else if missed++; listened || missed == 2 {
			missed = 0
			h.deaf()
			(*h.relisten.Load())()
			n.wait(3 * retry)
		}
	}
}

// Parts of a cluster that may not be ready.
const (
	PartRedis    = "redis"    // it does not answer
	PartPresence = "presence" // what is told through it does not come back, or what changes here can't be written
	PartOrder    = "order"    // messages do not come in their order
)

// NotReady is why this gateway can't play its part.
type NotReady struct {
	Part string
	Err  error
}

func (e *NotReady) Error() string { return e.Part + ": " + e.Err.Error() }
func (e *NotReady) Unwrap() error { return e.Err }

// Ready is nil, or a *[NotReady] of the first part that is wrong. It waits for nothing: what it says was found out within the last
// seconds.
func (n *Node) Ready() error {
	for _, part := range []struct {
		name  string
		fault func() error
	}{{PartRedis, n.redisFault}, {PartPresence, n.presenceFault}, {PartOrder, n.options.Order}} {
		if part.fault == nil {
			continue
		}
		if err := part.fault(); err != nil {
			return &NotReady{part.name, err}
		}
	}
	return nil
}

func (n *Node) redisFault() error {
	h, now := &n.health, time.Now()
	if since := h.since(&h.renewal, now); h.away.Load() || since > lease {
		return fmt.Errorf("it has not answered for %v", since.Round(time.Second))
	}
	return nil
}

func (n *Node) presenceFault() error {
	h, now := &n.health, time.Now()
	n.mu.Lock()
	clean := n.view.epoch != "" && len(n.view.dirty) == 0
	n.mu.Unlock()
	if clean {
		h.clean.Store(int64(now.Sub(h.start)))
	}
	switch {
	case h.back.Load() == 0 || h.since(&h.backAt, now) > 2*probeEvery:
		return errors.New("what this gateway tells itself through Redis does not come back")
	case h.since(&h.clean, now) > lease:
		return errors.New("who is here could not be written")
	}
	return nil
}

// Others is how many other gateways are there, as far as is known.
func (n *Node) Others() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.view.others()
}

// Stats are for metrics.
type Stats struct {
	Counts
	Gateways int    // that are there, this one too
	Away     bool   // Redis: member lists stay as they were
	Unheard  bool   // nothing told through Redis comes back
	Lingers  int    // members who are listed for 5 s after a drain
	Garbled  uint64 // messages that could not be read
	LostActs uint64 // acts that not everybody was told of, or that came too fast
}

// Stats returns them as they are now.
func (n *Node) Stats() Stats {
	unheard := n.health.since(&n.health.backAt, time.Now()) > 2*probeEvery
	n.mu.Lock()
	defer n.mu.Unlock()
	return Stats{
		Counts: n.view.counts, Gateways: 1 + n.view.others(), Away: n.health.isAway(), Unheard: unheard, Lingers: n.view.lingering(),
		Garbled: n.health.garbled.Load(), LostActs: n.health.lostActs.Load(),
	}
}
