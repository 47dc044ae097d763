package chat

import "time"

// bucket is a token bucket. Its zero value is full. One goroutine at a time uses it.
type bucket struct {
	spent float64       // tokens that are missing
	at    time.Duration // since epoch: a third of a time.Time, of which every socket would have several
}

var epoch = time.Now()

// take takes n tokens, unless there are not as many. A rate of 0 means that there always are.
func (b *bucket) take(now time.Time, n, rate, burst float64) bool {
	if rate == 0 {
		return true
	}
	at := now.Sub(epoch)
	b.spent = max(0, b.spent-max(0, at-b.at).Seconds()*rate)
	b.at = at
	if b.spent+n > burst {
		return false
	}
	b.spent += n
	return true
}
