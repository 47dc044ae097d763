package presence

import (
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Rosters keep who is in which room.
type Rosters struct {
	limit    int     // of people in a list; 0 is none
	whole    string  // the room that has no limit
	rate     float64 // bytes of lists per second; 0 is no limit
	announce Announce
	delayed  func(reason string)
	others   Others // nil where this gateway is alone

	mu     lockorder.Mutex[Rosters]
	byRoom map[string]*roster
	lanes  [lanes]lane
	purses purses
	rush   rush

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
	// Whole is a room whose lists name all.
	Whole string
	// Rate is how many bytes the lists of all rooms may cost per second. What is above waits. 0 means no limit.
	Rate int
	// Announce tells a room.
	Announce Announce
	// Delayed is told of each list that has to wait longer than its room's step, with the reason. A lock is held: it must return
	// quickly. It may be nil.
	Delayed func(reason string)
	// Others are the other gateways. Nil is none: this one is alone.
	Others Others
}

// New starts telling rooms their members. Close ends it.
func New(o Options) *Rosters {
	r := &Rosters{
		limit:    o.Limit,
		whole:    o.Whole,
		rate:     float64(o.Rate),
		announce: o.Announce,
		delayed:  o.Delayed,
		others:   o.Others,
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
	if r.others != nil {
		r.others.Serve(r.Elsewhere)
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
	t := r.roster(room)
	changed, news := t.enter(p)
	if news && r.others != nil {
		r.others.Entered(room, p)
	}
	return changed && r.queue(t, p.ID)
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
	tell(r.list(t))
}

// List returns a room's members as they are now.
func (r *Rosters) List(room string) List {
	t := r.of(room)
	if t == nil {
		return List{}
	}
	return r.list(t)
}

func (r *Rosters) list(t *roster) List {
	if t.room == r.whole {
		return t.list(0)
	}
	return t.list(r.limit)
}

// Person returns one who is in a room, as far as it is known here, or nil.
func (r *Rosters) Person(room, user string) *contract.Person {
	if t := r.of(room); t != nil {
		return t.person(user)
	}
	return nil
}

// Together tells whether a user is in any of these rooms, here or at another gateway.
func (r *Rosters) Together(rooms []string, user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, room := range rooms {
		if t := r.byRoom[room]; t != nil && t.person(user) != nil {
			return true
		}
	}
	return false
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
