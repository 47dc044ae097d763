package chat

import "time"

// bucket is a token bucket. Its zero value is full. One goroutine at a time uses it.
type bucket struct {
	spent float64 // tokens that are missing
	at    time.Time
}

// take takes one token, unless there is none. A rate of 0 means that there always is.
func (b *bucket) take(now time.Time, rate, burst float64) bool {
	if rate == 0 {
		return true
	}
	b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}
