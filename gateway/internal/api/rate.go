package api

import (
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// rate is a token bucket, full at first. Any goroutine may use it.
type rate struct {
	mu    lockorder.Mutex[rate]
	spent float64
	at    time.Time
}

// take takes one token, unless there is none: perSecond come back, up to twice as many. 0 means that there always is one.
func (r *rate) take(now time.Time, perSecond float64) bool {
	if perSecond == 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent = max(0, r.spent-max(0, now.Sub(r.at).Seconds())*perSecond)
	r.at = now
	if r.spent+1 > 2*perSecond {
		return false
	}
	r.spent++
	return true
}

// quiet lets one line a minute into the log. Its zero value is ready; any goroutine may use it.
type quiet struct{ last atomic.Int64 }

func (q *quiet) allow(now time.Time) bool {
	last := q.last.Load()
	return now.UnixNano()-last > int64(time.Minute) && q.last.CompareAndSwap(last, now.UnixNano())
}
