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

// nobody pays for a room that is empty: it is not told, but forgotten.
const nobody = ""

// Why a room is told later than its step would allow, for a metric.
const (
	DelayedByUser  = "user"  // whoever caused it has caused much
	DelayedByTotal = "total" // all rooms together
)

// queue has a room told when its step is over and whoever caused it can pay for it, or earlier if it is due already. It reports
// whether that is as soon as the step allows. mu is held.
func (r *Rosters) queue(t *roster, by string) (soon bool) {
	if t.unknown != nil { // a list now would lack those who are elsewhere
		t.owed, t.ower = true, by
		return true
	}
	now := time.Now()
	r.rush.change(now)
	earliest := now
	if t.notBefore.After(now) {
		earliest = t.notBefore
	}
	if t.queued && !t.due.After(earliest) {
		return true
	}
	due := earliest
	if by != nobody {
		if paid := now.Add(r.purses.delay(by, t.cost, now)); paid.After(due) {
			due = paid
		}
		if t.queued && !due.Before(t.due) {
			return false
		}
		if due.After(earliest) {
			r.delayed(DelayedByUser)
		}
		r.purses.charge(by, t.cost, now)
	}
	t.due = due
	if t.queued {
		heap.Fix(&t.lane.due, t.index)
	} else {
		t.queued, t.lane = true, r.laneOf(t)
		heap.Push(&t.lane.due, t)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return due.Equal(earliest)
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
	soonest := time.Duration(-1)
	for i := range r.lanes {
		l := &r.lanes[i]
		for len(l.due) > 0 {
			wait, short := l.wait(time.Now())
			if wait > 0 {
				if first := l.due[0]; short && !first.held {
					first.held = true
					r.delayed(DelayedByTotal)
				}
				if soonest < 0 || wait < soonest {
					soonest = wait
				}
				break
			}
			t := heap.Pop(&l.due).(*roster)
			t.queued, t.held = false, false
			if !t.empty() {
				return t
			}
			r.forget(t)
		}
	}
	if soonest >= 0 {
		timer.Reset(soonest)
	}
	return nil
}

// tell tells a room its members and sets when it may be told again.
func (r *Rosters) tell(t *roster) {
	t.telling.Lock()
	cost := r.announce(t.room, r.list(t))
	t.telling.Unlock()
	step := time.Duration(float64(cost) / membersBudget * float64(time.Second))
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	t.cost = cost
	if l := r.laneOf(t); l.rate > 0 {
		l.spent.charge(cost, now, l.rate)
	}
	t.notBefore = now.Add(min(max(step, r.rush.step(now)), longestStep))
	if t.queued && t.due.Before(t.notBefore) { // somebody came or went meanwhile
		t.due = t.notBefore
		heap.Fix(&t.lane.due, t.index)
	}
}
