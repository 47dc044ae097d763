package redisadapter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// beat is a message that the server sends itself every second: the connection that publishes and the one that hears may be to
// different servers after a failover, and each answer its pings.
type beat struct {
	at                subscription  // a channel that nobody else subscribes
	sent, taken, back atomic.Uint64 // numbers: of the last one, of the last that Redis took, of the last that came back
	missing           time.Time     // since when one that Redis took has not come back; only check uses it
	refused           atomic.Pointer[refusal]
}

// refusal is that Redis takes no beats.
type refusal struct {
	since time.Time
	err   error
}

var errDeaf = errors.New("redisadapter: what is published does not come back")

// deafAfter is how long one may take, and how long Redis may take none.
const deafAfter = 2 * time.Second

// published is told of one that was given to Redis.
func (b *beat) published(number uint64, err error) {
	if err == nil {
		b.taken.Store(number)
		b.refused.Store(nil)
		return
	}
	r := &refusal{time.Now(), err}
	if before := b.refused.Load(); before != nil {
		r.since = before.since
	}
	b.refused.Store(r)
}

func beatPayload(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

func (b *beat) heard(payload string) {
	if len(payload) == 8 {
		b.back.Store(binary.BigEndian.Uint64([]byte(payload)))
	}
}

// check sends another one. It is called every second while all is subscribed.
func (b *beat) check(a *Adapter) error {
	if r := b.refused.Load(); r != nil && time.Since(r.since) > deafAfter {
		b.refused.Store(nil)
		return fmt.Errorf("redisadapter: publish: %w", r.err)
	}
	switch {
	case b.taken.Load() <= b.back.Load():
		b.missing = time.Time{}
	case b.missing.IsZero():
		b.missing = time.Now()
	case time.Since(b.missing) > deafAfter:
		b.missing = time.Time{}
		b.back.Store(b.sent.Load())
		return errDeaf
	}
	number := b.sent.Add(1)
	if !a.out.add(outgoing{beat: number}, 0) {
		a.options.Observer.Dropped(OutFull, 1)
	}
	return nil
}

func beatSubscription(o Options, w wire) subscription {
	name := o.Prefix + "-beat#" + w.name() + "#"
	if o.Wire == Classic {
		return subscription{byName, name}
	}
	return subscription{byShard, name}
}
