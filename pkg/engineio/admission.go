package engineio

import (
	"hash/maphash"
	"net/netip"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Limits say how many clients an Admission lets in at a time. An address is an IPv4 address or a /64 of IPv6, which is
// what one customer has.
type Limits struct {
	// Connections is the most clients that have been let in. Zero means no limit.
	Connections int
	// ConnectionsPerIP is the most of them from one address, and with those that are pending. Zero means no limit.
	ConnectionsPerIP int
	// ConnectionsPerUser is the most of them that are one user's. Zero means no limit.
	ConnectionsPerUser int
	// Elsewhere, if not nil, is how many clients of a user others have let in, which count for ConnectionsPerUser too. A lock is held:
	// it must return quickly.
	Elsewhere func(user string) int
	// Pending is the most clients that nobody knows yet. They have places of their own, so that they can't take those
	// of known ones. As it fills, the share of an address shrinks: a newcomer finds a place beside many that want them
	// all. Zero means that there are no such places: every client counts as let in.
	Pending int
	// PendingPerIP is the most of them from one address, however few there are. Zero means no limit but the share.
	PendingPerIP int
}

// Admission counts the clients that are connected, and those that are about to be. Servers that are given
// the same one (Options.Admission) share its limits. All methods may be called from any goroutine.
type Admission struct {
	seed maphash.Seed

	mu       lockorder.Mutex[Admission]
	settled  places           // of clients that have been let in
	pending  places           // of clients that nobody knows yet
	arrivals places           // of connections that are no client's yet
	byUser   map[uint32]int32 // by holder
	perUser  int
	others   func(user string) int
}

// Place is what an Admission gives to a client. Whoever holds it sees to it that Settle and Release are not called at the
// same time.
type Place struct {
	network uint64
	holder  uint32 // nobody, anybody or the hash of a user
}

const (
	nobody  = 0 // the place is a pending one
	anybody = 1 // the client is let in, but counts for no user
)

// NewAdmission returns an Admission that has let in nobody yet.
func NewAdmission(l Limits) *Admission {
	a := &Admission{seed: maphash.MakeSeed(), byUser: make(map[uint32]int32), perUser: l.ConnectionsPerUser}
	a.others = l.Elsewhere
	a.settled = places{most: l.Connections, mostOf: l.ConnectionsPerIP}
	a.pending = places{most: l.Pending, mostOf: l.PendingPerIP, shared: true}
	a.arrivals = a.pending
	return a
}

// Admit gives a client a place, or returns the cause why it gets none. A user who is known already gets a settled place at
// once, as long as there is one of that user's; everybody else a pending one. Who was admitted is released once.
func (a *Admission) Admit(addr netip.Addr, user string) (p Place, cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.network = networkOf(addr)
	if holder := a.holder(user); holder != anybody || a.pending.most == 0 {
		cause = a.settle(&p, holder, user)
		if cause != CauseMaximumByUser || a.pending.most == 0 {
			return p, cause
		}
	}
	switch s := &a.settled; {
	case s.most > 0 && s.taken >= s.most:
		return p, CauseMaximum // there would be no place for it later
	case s.mostOf > 0 && s.of[p.network]+a.pending.of[p.network] >= s.mostOf:
		return p, CauseMaximumByIP
	}
	switch a.pending.lack(p.network) {
	case lackOfPlaces:
		return p, CausePending
	case lackOfShare:
		return p, CausePendingByIP
	}
	a.pending.take(p.network)
	return p, ""
}

// Settle gives a client who turned out to be this user a settled place for its pending one, or has the one that it has
// counted for the user; empty is no user. It returns CauseMaximum, CauseMaximumByIP or CauseMaximumByUser where there is
// no place; then p stays what it was.
func (a *Admission) Settle(p *Place, user string) (cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	holder := a.holder(user)
	if p.holder == holder {
		return ""
	}
	if p.holder == nobody {
		if cause = a.settle(p, holder, user); cause == "" {
			a.pending.give(p.network)
		}
		return cause
	}
	if a.userIsFull(holder, user) {
		return CauseMaximumByUser
	}
	a.count(p.holder, -1)
	a.count(holder, 1)
	p.holder = holder
	return ""
}

// settle takes a settled place. mu is held.
func (a *Admission) settle(p *Place, holder uint32, user string) (cause string) {
	switch a.settled.lack(p.network) {
	case lackOfPlaces:
		return CauseMaximum
	case lackOfShare:
		return CauseMaximumByIP
	}
	if a.userIsFull(holder, user) {
		return CauseMaximumByUser
	}
	a.settled.take(p.network)
	a.count(holder, 1)
	p.holder = holder
	return ""
}

// Release takes a place back.
func (a *Admission) Release(p Place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.holder == nobody {
		a.pending.give(p.network)
		return
	}
	a.settled.give(p.network)
	a.count(p.holder, -1)
}

// Arrive counts a connection, or a request, that belongs to no client who is let in: one that says nothing yet, or has not
// come to its end. There may be as many as pending clients, over all and of one address, beside these. The address of a
// proxy has its share of them all, and no other bound. The cause is CauseArrivals or CauseArrivalsByIP. Who has arrived
// departs once.
func (a *Admission) Arrive(addr netip.Addr, proxy bool) (cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	network, mostOf := networkOf(addr), a.arrivals.mostOf
	if proxy {
		mostOf = 0
	}
	switch a.arrivals.lackWith(network, mostOf) {
	case lackOfPlaces:
		return CauseArrivals
	case lackOfShare:
		return CauseArrivalsByIP
	}
	a.arrivals.take(network)
	return ""
}

// Depart takes back what Arrive counted.
func (a *Admission) Depart(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arrivals.give(networkOf(addr))
}

// Places returns how many clients have one, pending ones included.
func (a *Admission) Places() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settled.taken + a.pending.taken
}

// Pending returns how many clients are pending.
func (a *Admission) Pending() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pending.taken
}

// Arrivals returns how many connections are no client's yet.
func (a *Admission) Arrivals() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.arrivals.taken
}

// holder is what a place keeps of a user: a hash is shorter than the id, and its key is drawn anew by each process. Where
// two users have one, which hits a few in a million, they share their places.
func (a *Admission) holder(user string) uint32 {
	if user == "" {
		return anybody
	}
	return uint32(maphash.String(a.seed, user)) | 2
}

func (a *Admission) userIsFull(holder uint32, user string) bool {
	if holder == anybody || a.perUser == 0 {
		return false
	}
	taken := int(a.byUser[holder])
	if a.others != nil {
		taken += a.others(user)
	}
	return taken >= a.perUser
}

func (a *Admission) count(holder uint32, change int32) {
	if holder == anybody || a.perUser == 0 {
		return
	}
	if a.byUser[holder] += change; a.byUser[holder] == 0 {
		delete(a.byUser, holder)
	}
}
