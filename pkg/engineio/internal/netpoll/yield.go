package netpoll

import (
	"sync/atomic"
	"time"
)

// slice is for how long whoever makes much work goes on without others having their turn.
type slice struct {
	began atomic.Int64 // since clockStart
}

const sliceTime = 250 * time.Microsecond

var clockStart = time.Now()

// isOver begins the next slice if so.
func (s *slice) isOver() bool {
	now, began := int64(time.Since(clockStart)), s.began.Load()
	return now-began >= int64(sliceTime) && s.began.CompareAndSwap(began, now)
}

// Yield lets others run, if nobody has done so for a while. A loop that accepts connections calls it before each, since in a rush it
// never waits: the runtime would leave all others waiting for 10 ms and more, and would not look for what has come meanwhile.
func (p *Poller) Yield() {
	if !p.accepting.isOver() {
		return
	}
	p.yielding.Add(1)
	p.bell.await()
	p.yielding.Add(-1)
}

// yield is for a worker that has attended to one of a crowd, or for long. Where connections wait to be accepted, it does so after
// each of them: who is not accepted yet has no turn, and in a rush accepting would fall behind. The other workers leave the queue
// alone meanwhile: the runtime would prefer one that was just called to all who wait, and the queue would go on as if nobody had
// yielded.
func (w *workers) yield(p *Poller) {
	if !w.slice.isOver() && p.yielding.Load() == 0 || !w.setYielding(true) {
		return
	}
	w.bell.await()
	w.setYielding(false)
}

// setYielding returns false if it was so already.
func (w *workers) setYielding(on bool) (changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed = w.yielding != on
	w.yielding = on
	return changed
}
