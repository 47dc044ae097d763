package presence

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// Others are the other gateways, where people may be in the same rooms. They are told what changes here, and tell by
// [Rosters.Elsewhere] what changes there. Their methods are called with a lock held and return at once; what concerns one room is told
// in its order.
type Others interface {
	// Serve is called once, before the others, with what takes changes there: [Rosters.Elsewhere].
	Serve(elsewhere func([]Change))
	// Open has a room followed, since somebody here enters it. What is said of it has the number that it returns, until a first
	// change is Known; until then the room is not told its members.
	Open(room string) (opening uint64)
	// Forget ends that: nobody here is in the room.
	Forget(room string)
	// Entered tells of a person whose first socket has entered a room here, or who goes by another name now.
	Entered(room string, p *contract.Person)
	// Left tells of a user whose last socket has left a room here, away where its connection has ended. Lingers means that the user
	// stays on the list for now, until a change says otherwise: this gateway shuts down, and the client may come back at another.
	Left(room, user string, away bool) (lingers bool)
}

// Change is what has become of a room's members at other gateways.
type Change struct {
	Room    string
	Opening uint64 // what Others.Open returned
	// Known tells that from now on it is known who is there, as far as it can be. There is no Person then.
	Known  bool
	Person *contract.Person
	// Gateways is +1 where the person is in the room at one more of them, -1 at one less, and 0 where they go by another name now.
	Gateways int
}

// Elsewhere takes what has changed at other gateways, in order. Rooms here are told like of any change.
func (r *Rosters) Elsewhere(changes []Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range changes {
		t := r.byRoom[c.Room]
		if t == nil || t.opening != c.Opening {
			continue // everybody has left meanwhile
		}
		switch {
		case c.Known:
			r.know(t)
		case t.elsewhere(c.Person, c.Gateways):
			r.queue(t, c.Person.ID)
		}
	}
}

// know has a room be told, if it is to be. mu is held.
func (r *Rosters) know(t *roster) {
	if t.unknown == nil {
		return
	}
	close(t.unknown)
	t.unknown = nil
	if t.owed {
		r.queue(t, t.ower)
	}
}

// Await returns when it is known who is in a room at other gateways, a second later at most, so that a list made from then on is
// whole. The caller calls release when it has entered the room, or does not want to any more. Where this gateway is alone it does nothing.
func (r *Rosters) Await(ctx context.Context, room string) (release func()) {
	if r.others == nil {
		return func() {}
	}
	r.mu.Lock()
	t := r.roster(room)
	t.awaited++
	unknown := t.unknown
	r.mu.Unlock()
	if unknown != nil {
		select {
		case <-unknown:
		case <-ctx.Done():
		}
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if t.awaited--; t.awaited == 0 && t.empty() {
			r.queue(t, nobody)
		}
	}
}

// roster is the one of a room, made if there is none. mu is held.
func (r *Rosters) roster(room string) *roster {
	t := r.byRoom[room]
	if t == nil {
		t = newRoster(room)
		r.byRoom[room] = t
		if r.others != nil {
			t.opening, t.unknown = r.others.Open(room), make(chan struct{})
		}
	}
	return t
}

// forget ends a roster that nobody is in, unless somebody is about to. mu is held.
func (r *Rosters) forget(t *roster) {
	if t.awaited > 0 {
		return
	}
	delete(r.byRoom, t.room)
	if r.others != nil {
		r.others.Forget(t.room)
	}
}

// Away is Leave for a socket whose connection has ended. Where this gateway shuts down, the person stays on the list while they may come
// back at another.
func (r *Rosters) Away(room string, p *contract.Person) { r.leave(room, p, true) }

// Leave counts one socket of a person out, which Enter counted in. The room is told when it was their last.
func (r *Rosters) Leave(room string, p *contract.Person) { r.leave(room, p, false) }

func (r *Rosters) leave(room string, p *contract.Person, away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.byRoom[room]
	if t == nil {
		return
	}
	lingers := r.others != nil && t.isLast(p) && r.others.Left(room, p.ID, away)
	switch gone := t.leave(p, lingers); {
	case t.empty():
		r.queue(t, nobody)
	case gone:
		r.queue(t, p.ID)
	}
}
