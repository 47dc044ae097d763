package chat

import (
	"container/heap"
	"sync"
	"time"
)

// Steps between two lists for one room: long enough that the lists of a room cost at most
// membersBudget bytes per second in all, within these bounds.
const (
	shortestStep  = 200 * time.Millisecond
	longestStep   = 2 * time.Second
	membersBudget = 32 << 20
)

// rosters keep who is in which room, by user. One goroutine tells the rooms: the first change of a
// room goes out at once, later ones gather for a step, and the last state always arrives.
type rosters struct {
	limit    int // of people in a list; 0 is none
	announce func(room string, list memberList) (cost int)

	mu     sync.Mutex
	byRoom map[string]*roster
	due    schedule
	wake   chan struct{}
	stop   chan struct{}
	done   sync.WaitGroup
}

func newRosters(limit int, announce func(string, memberList) int) *rosters {
	r := &rosters{
		limit:    limit,
		announce: announce,
		byRoom:   make(map[string]*roster),
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
	}
	r.done.Go(r.run)
	return r
}

func (r *rosters) close() {
	close(r.stop)
	r.done.Wait()
}

func (r *rosters) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byRoom)
}

// enter counts one socket of a person in. The room is told even when it is only another tab, which
// wants to see the list too.
func (r *rosters) enter(room string, p *person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.byRoom[room]
	if t == nil {
		t = &roster{room: room, people: make(map[string]*presence)}
		r.byRoom[room] = t
	}
	t.enter(p)
	r.tell(t)
}

// again tells a room its members, for somebody who joined once more.
func (r *rosters) again(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t != nil {
		r.tell(t)
	}
}

// leave counts one socket of a person out. The room is told when it was the last.
func (r *rosters) leave(room string, p *person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t != nil && t.leave(p) {
		r.tell(t)
	}
}

// list returns a room's members as they are now.
func (r *rosters) list(room string) memberList {
	r.mu.Lock()
	t := r.byRoom[room]
	r.mu.Unlock()
	if t == nil {
		return memberList{}
	}
	return t.list(r.limit)
}

// sockets returns how many sockets are in a room.
func (r *rosters) sockets(room string) int {
	r.mu.Lock()
	t := r.byRoom[room]
	r.mu.Unlock()
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sockets
}

// tell has the room told when its step is over. mu is held.
func (r *rosters) tell(t *roster) {
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

func (r *rosters) run() {
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
			r.tellNow(t)
		}
	}
}

// next takes a roster whose time has come, or sets the timer for the one that comes next. Rosters
// of rooms that everybody has left end here.
func (r *rosters) next(timer *time.Timer) *roster {
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

// tellNow tells a room its members and sets when it may be told again.
func (r *rosters) tellNow(t *roster) {
	cost := r.announce(t.room, t.list(r.limit))
	step := time.Duration(float64(cost) / membersBudget * float64(time.Second))
	r.mu.Lock()
	t.notBefore = time.Now().Add(min(max(step, shortestStep), longestStep))
	if t.queued { // it was, with the time before this
		heap.Fix(&r.due, t.index)
	}
	r.mu.Unlock()
}

// schedule is a heap of rosters by the time when they may be told again.
type schedule []*roster

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].notBefore.Before(s[j].notBefore) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

func (s *schedule) Push(x any) {
	t := x.(*roster)
	t.index = len(*s)
	*s = append(*s, t)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	t := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return t
}
