package presence

import (
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Rosters keep who is in which room.
type Rosters struct {
	limit    int     // of people in a list; 0 is none
	rate     float64 // bytes of lists per second; 0 is no limit
	announce Announce
	delayed  func(reason string)

	mu     lockorder.Mutex[Rosters]
	byRoom map[string]*roster
	lanes  [lanes]lane
	purses purses

	wake chan struct{} // holds one: something has been put into the schedule
	stop chan struct{}
	done sync.WaitGroup
}

// Announce tells a room its members and returns how many bytes that puts into queues. It is called by one
// goroutine at a time, with no lock held, and delays all other rooms while it runs.
type Announce func(room string, list List) (cost int)

// Options say how rooms are told.
type Options struct {
	// Limit is the most people that a list names. 0 means all.
	Limit int
	// Rate is how many bytes the lists of all rooms may cost per second. What is above waits. 0 means no limit.
	Rate int
	// Announce tells a room.
	Announce Announce
	// Delayed is told of each list that has to wait longer than its room's step, with the reason. A lock is held: it must return
	// quickly. It may be nil.
	Delayed func(reason string)
}

// New starts telling rooms their members. Close ends it.
func New(o Options) *Rosters {
	r := &Rosters{
		limit:    o.Limit,
		rate:     float64(o.Rate),
		announce: o.Announce,
		delayed:  o.Delayed,
		byRoom:   make(map[string]*roster),
		purses:   make(purses),
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
	}
	for i := range r.lanes {
		r.lanes[i].rate = r.rate / lanes
	}
	if r.delayed == nil {
		r.delayed = func(string) {}
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

// Enter counts one socket of a person in. It reports whether the room is told soon. If not, because it is only another tab
// or because the person has caused many lists, whoever came can be told by TellOne.
func (r *Rosters) Enter(room string, p *contract.Person) (soon bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.byRoom[room]
	if t == nil {
		t = newRoster(room)
		r.byRoom[room] = t
	}
	return t.enter(p) && r.queue(t, p.ID)
}

// TellAgain has a room told its members at that person's expense, though nothing has changed.
func (r *Rosters) TellAgain(room string, p *contract.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t != nil {
		r.queue(t, p.ID)
	}
}

// TellOne calls tell with a room's members. The room is not told meanwhile, so that who is told has the latest list in the
// end. Tell must not call Rosters.
func (r *Rosters) TellOne(room string, tell func(List)) {
	t := r.of(room)
	if t == nil {
		return
	}
	t.telling.Lock()
	defer t.telling.Unlock()
	tell(t.list(r.limit))
}

// Leave counts one socket of a person out, which Enter counted in. The room is told when it was their last.
func (r *Rosters) Leave(room string, p *contract.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.byRoom[room]; t == nil || !t.leave(p) {
		return
	} else if t.empty() {
		r.queue(t, nobody)
	} else {
		r.queue(t, p.ID)
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
