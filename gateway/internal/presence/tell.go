package presence

import (
	"container/heap"
	"time"
)

// Steps between two lists for one room: long enough that the lists of a room cost at most
// membersBudget bytes per second in all, within these bounds.
const (
	shortestStep  = 200 * time.Millisecond
	longestStep   = 2 * time.Second
	membersBudget = 32 << 20
)

// queue has a room told when its step is over. mu is held.
func (r *Rosters) queue(t *roster) {
	if t.queued {
		return
	}
	t.queued = true
	heap.Push(&r.due, t)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run tells the rooms until Close.
func (r *Rosters) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		case <-timer.C:
		}
		for t := r.next(timer); t != nil; t = r.next(timer) {
			r.tell(t)
		}
	}
}

// next takes a roster whose time has come, or sets the timer for the one that comes next. Rosters
// of rooms that everybody has left end here.
func (r *Rosters) next(timer *time.Timer) *roster {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.due) > 0 {
		if wait := time.Until(r.due[0].notBefore); wait > 0 {
			timer.Reset(wait)
			return nil
		}
		t := heap.Pop(&r.due).(*roster)
		t.queued = false
		if !t.empty() {
			return t
		}
		delete(r.byRoom, t.room)
	}
	return nil
}

// tell tells a room its members and sets when it may be told again.
func (r *Rosters) tell(t *roster) {
	cost := r.announce(t.room, t.list(r.limit))
	step := time.Duration(float64(cost) / membersBudget * float64(time.Second))
	r.mu.Lock()
	defer r.mu.Unlock()
	t.notBefore = time.Now().Add(min(max(step, shortestStep), longestStep))
	if t.queued { // somebody came or went meanwhile, and it stands where the time before this put it
		heap.Fix(&r.due, t.index)
	}
}
