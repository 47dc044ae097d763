package chat

import "time"

// bucket is a token bucket. Its zero value is full. One goroutine at a time uses it.
type bucket struct {
	spent float64 // tokens that are missing
	at    time.Time
}

// take takes n tokens, unless there are not as many. A rate of 0 means that there always are.
func (b *bucket) take(now time.Time, n, rate, burst float64) bool {
	if rate == 0 {
		return true
	}
	b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.spent+n > burst {
		return false
	}
	b.spent += n
	return true
}
