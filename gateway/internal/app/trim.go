package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// quietTime is for how long nothing may have been collected before the gateway counts as idle, and trimInterval is
// how often memory is given back at most: each time costs a collection. worthTrimming is how many bytes have been allocated
// since the last time, if nothing has been collected since: what expires after a rush is too little for a collection.
const (
	quietTime     = 5 * time.Second
	trimInterval  = time.Minute
	worthTrimming = 1 << 20
)

// work is what the runtime has done so far.
type work struct {
	collections uint64 // cycles of the garbage collector
	allocated   uint64 // bytes
}

// trim gives memory back to the system when a rush is over: connecting takes several times what
// a connection needs later, and the runtime would hold on to that for minutes.
func trim(ctx context.Context, done func() work, giveBack func()) {
	ticker := time.NewTicker(quietTime)
	defer ticker.Stop()
	last, trimmed := work{}, work{allocated: done().allocated}
	var notBefore time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w := done()
			worth := w.collections != trimmed.collections || w.allocated-trimmed.allocated >= worthTrimming
			if w.collections == last.collections && worth && !now.Before(notBefore) {
				giveBack()
				w = done()
				trimmed, notBefore = w, now.Add(trimInterval)
			}
			last = w
		}
	}
}

// workSoFar asks the runtime.
func workSoFar() work {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return work{s[0].Value.Uint64(), s[1].Value.Uint64()}
}

func trimProcess(ctx context.Context) { trim(ctx, workSoFar, giveBack) }

// giveBack collects twice, since a sync.Pool lets go of what it keeps only then: net/http keeps the buffers of each
// connection that a rush has brought, and they would stay until the next collection after this one.
func giveBack() {
	runtime.GC()
	debug.FreeOSMemory()
}
