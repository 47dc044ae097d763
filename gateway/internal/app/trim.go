package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// quietTime is for how long nothing may have been collected before the gateway counts as idle, and trimInterval is
// how often memory is given back at most: each time costs a collection.
const (
	quietTime    = 5 * time.Second
	trimInterval = time.Minute
)

// trim gives memory back to the system when a rush is over: connecting takes several times what
// a connection needs later, and the runtime would hold on to that for minutes.
func trim(ctx context.Context, collections func() uint64, giveBack func()) {
	ticker := time.NewTicker(quietTime)
	defer ticker.Stop()
	var last, trimmed uint64
	var notBefore time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			n := collections()
			if n == last && n != trimmed && !now.Before(notBefore) {
				giveBack()
				n = collections()
				trimmed, notBefore = n, now.Add(trimInterval)
			}
			last = n
		}
	}
}

// collections counts the garbage collector's cycles so far.
func collections() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func trimProcess(ctx context.Context) { trim(ctx, collections, giveBack) }

// giveBack collects twice, since a sync.Pool lets go of what it keeps only then: net/http keeps the buffers of each
// connection that a rush has brought, and they would stay until the next collection after this one.
func giveBack() {
	runtime.GC()
	debug.FreeOSMemory()
}
