package socketio

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// absences are the sessions of clients that are away.
type absences struct {
	window time.Duration
	ended  func(namespace, sid string) // told of sessions whose clients have been away for too long; may be nil

	mu        lockorder.Mutex[absences]
	byID      map[sessionID]*absence
	queue     list.List // of *absence, in the order in which they came
	rooms     int       // of all
	forgotten uint64    // for want of room
	timer     *time.Timer
	stopped   bool
	sweeping  sync.WaitGroup
	claims    map[sessionID]chan struct{} // closed when the claim is over
}

type sessionID struct{ namespace, sid string }

// absence is the session of one client that is away.
type absence struct {
	SavedSession
	// told has, for each of Rooms, the latest kept event there when the client went: a client that has received that one has missed
	// nothing up to through. It is nil for a session that was claimed, of which this is not known.
	told    []Offset
	through Offset
	until   time.Time
	queued  *list.Element
}

// Bounds of the memory for those who are away; the oldest are forgotten.
const (
	maxAbsences     = 100_000
	maxAbsenceRooms = 1_000_000
)

func (a *absence) id() sessionID { return sessionID{a.Namespace, a.SID} }

// put takes in a session. One that somebody tried to take up in vain is put back with the time that it had.
func (as *absences) put(a *absence) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.stopped {
		return
	}
	now := time.Now()
	if a.until.IsZero() {
		a.until = now.Add(as.window)
	}
	as.drop(as.byID[a.id()])
	as.byID[a.id()] = a
	as.rooms += len(a.Rooms)
	a.queued = as.queue.PushBack(a)
	for len(as.byID) > maxAbsences || as.rooms > maxAbsenceRooms {
		as.drop(as.queue.Front().Value.(*absence))
		as.forgotten++
	}
	if as.timer == nil {
		as.timer = time.AfterFunc(as.window, as.sweep)
	}
}

// peek returns a session that stays where it is, or nil. It may be over.
func (as *absences) peek(id sessionID) *absence {
	as.mu.Lock()
	defer as.mu.Unlock()
	return as.byID[id]
}

// isOver tells whether the client has been away for too long.
func (a *absence) isOver() bool { return !time.Now().Before(a.until) }

// take takes a session out.
func (as *absences) take(a *absence) {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.drop(a)
}

func (as *absences) drop(a *absence) {
	if a != nil && as.byID[a.id()] == a {
		delete(as.byID, a.id())
		as.rooms -= len(a.Rooms)
		as.queue.Remove(a.queued)
	}
}

// sweep drops those who have been away for too long. It runs now and then while somebody is away.
func (as *absences) sweep() {
	over, sweeps := as.expire()
	if !sweeps {
		return
	}
	defer as.sweeping.Done()
	for _, a := range over {
		if as.ended != nil {
			as.ended(a.Namespace, a.SID)
		}
	}
}

// expire begins a sweep, unless there is to be none any more.
func (as *absences) expire() (over []*absence, sweeps bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.stopped {
		return nil, false
	}
	as.sweeping.Add(1)
	for first := as.queue.Front(); first != nil && first.Value.(*absence).isOver(); first = as.queue.Front() {
		over = append(over, first.Value.(*absence))
		as.drop(first.Value.(*absence))
	}
	if as.queue.Len() == 0 {
		as.timer = nil
	} else {
		as.timer.Reset(as.window / 4)
	}
	return over, true
}

// stop ends the timer. A sweep that runs has ended when it returns.
func (as *absences) stop() {
	as.mu.Lock()
	as.stopped = true
	if as.timer != nil {
		as.timer.Stop()
	}
	as.mu.Unlock()
	as.sweeping.Wait()
}

// claim gives a session to one caller at a time, who ends it by unclaim. False means that ctx has ended before.
func (as *absences) claim(ctx context.Context, id sessionID) bool {
	for {
		as.mu.Lock()
		busy := as.claims[id]
		if busy == nil {
			as.claims[id] = make(chan struct{})
		}
		as.mu.Unlock()
		if busy == nil {
			return true
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return false
		}
	}
}

func (as *absences) unclaim(id sessionID) {
	as.mu.Lock()
	defer as.mu.Unlock()
	close(as.claims[id])
	delete(as.claims, id)
}
