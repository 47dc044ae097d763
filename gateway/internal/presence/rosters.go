package presence

import (
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Rosters keep who is in which room.
type Rosters struct {
	limit    int // of people in a list; 0 is none
	announce Announce

	mu     lockorder.Mutex[Rosters]
	byRoom map[string]*roster
	due    schedule

	wake chan struct{} // holds one: something has been put into the schedule
	stop chan struct{}
	done sync.WaitGroup
}

// Announce tells a room its members and returns how many bytes that puts into queues. It is called by one
// goroutine at a time, with no lock held, and delays all other rooms while it runs.
type Announce func(room string, list List) (cost int)

// New starts telling rooms their members. A list names at most limit people; 0 means all. Close ends it.
func New(limit int, announce Announce) *Rosters {
	r := &Rosters{
		limit:    limit,
		announce: announce,
		byRoom:   make(map[string]*roster),
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
	}
	r.done.Go(r.run)
	return r
}

// Close returns when no room is told any more. It is called once; what enters or leaves afterwards is
// counted and not told.
func (r *Rosters) Close() {
	close(r.stop)
	r.done.Wait()
}

// Rooms returns how many rooms have members, or had some until a moment ago.
func (r *Rosters) Rooms() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byRoom)
}

// Enter counts one socket of a person in. The room is told even when it is only another tab, which
// wants to see the list too.
func (r *Rosters) Enter(room string, p *contract.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.byRoom[room]
	if t == nil {
		t = newRoster(room)
		r.byRoom[room] = t
	}
	t.enter(p)
	r.queue(t)
}

// TellAgain tells a room its members, for somebody who joined once more.
func (r *Rosters) TellAgain(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t != nil {
		r.queue(t)
	}
}

// Leave counts one socket of a person out, which Enter counted in. The room is told when it was their last.
func (r *Rosters) Leave(room string, p *contract.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t != nil && t.leave(p) {
		r.queue(t)
	}
}

// List returns a room's members as they are now.
func (r *Rosters) List(room string) List {
	t := r.of(room)
	if t == nil {
		return List{}
	}
	return t.list(r.limit)
}

// Sockets returns how many sockets are in a room.
func (r *Rosters) Sockets(room string) int {
	t := r.of(room)
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sockets
}

func (r *Rosters) of(room string) *roster {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byRoom[room]
}
