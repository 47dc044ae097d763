package engineio

import (
	"net/netip"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Limits say how many clients an Admission lets in at a time.
type Limits struct {
	// Connections is the most clients. Zero means no limit.
	Connections int
	// ConnectionsPerIP is the most clients of one address. Zero means no limit.
	ConnectionsPerIP int
}

// Admission counts the clients that are connected, and those that are about to be. Servers that are given
// the same one (Options.Admission) share its limits. All methods may be called from any goroutine.
type Admission struct {
	limits Limits

	mu     lockorder.Mutex[Admission]
	places int
	perIP  map[netip.Addr]int // empty without a limit
}

// NewAdmission returns an Admission that has let in nobody yet.
func NewAdmission(l Limits) *Admission {
	return &Admission{limits: l, perIP: make(map[netip.Addr]int)}
}

// Admit gives a client a place, or returns the cause why it gets none: CauseMaximum or CauseMaximumByIP. Who
// was admitted is released once.
func (a *Admission) Admit(addr netip.Addr) (cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.limits.Connections > 0 && a.places >= a.limits.Connections:
		return CauseMaximum
	case a.limits.ConnectionsPerIP > 0 && a.perIP[addr] >= a.limits.ConnectionsPerIP:
		return CauseMaximumByIP
	}
	a.places++
	if a.limits.ConnectionsPerIP > 0 {
		a.perIP[addr]++
	}
	return ""
}

// Release takes back a place that Admit gave to a client of this address.
func (a *Admission) Release(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.places--
	if a.limits.ConnectionsPerIP == 0 {
		return
	}
	if a.perIP[addr]--; a.perIP[addr] <= 0 {
		delete(a.perIP, addr)
	}
}

// Places returns how many are taken.
func (a *Admission) Places() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.places
}
