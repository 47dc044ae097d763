package engineio

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// address is one of many, each of which counts for itself.
func address(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}) }

// crowd has clients that nobody knows come from an address until no more are let in.
func crowd(t *testing.T, a *Admission, addr netip.Addr) (let []Place) {
	t.Helper()
	for range 100_000 {
		p, cause := a.Admit(addr, "")
		if cause != "" {
			return let
		}
		let = append(let, p)
	}
	t.Fatal("there is no end to it")
	return nil
}

func TestClientsThatNobodyKnowsTakeNoPlaceOfThoseThatAreKnown(t *testing.T) {
	t.Parallel()
	a := NewAdmission(Limits{Connections: 100, Pending: 1000, PendingPerIP: 50, ConnectionsPerIP: 400})
	for i := range 200 {
		crowd(t, a, address(i))
	}
	for i := range 100 {
		if _, cause := a.Admit(address(0), fmt.Sprint("user", i)); cause != "" { // of a crowded address even
			t.Fatalf("known user %d: %s", i, cause)
		}
	}
	if _, cause := a.Admit(address(0), "one more"); cause != CauseMaximum {
		t.Errorf("one more than Connections: %q", cause)
	}
	if _, cause := a.Admit(address(9999), ""); cause != CauseMaximum {
		t.Errorf("pending where there can be no place later: %q", cause)
	}
}

// Pending clients have to log in or go after some seconds. Crowds that came first may have filled all places; as theirs
// run out, they don't get them all again.
func TestAnAddressFindsPlacesBesideManyThatWantThemAll(t *testing.T) {
	t.Parallel()
	const places = 2048
	for _, crowds := range []int{1, 2, 5, 20, 100} {
		r := rand.New(rand.NewPCG(1, uint64(crowds)))
		a := NewAdmission(Limits{Pending: places, PendingPerIP: 256})
		var held []Place
		for i := range crowds {
			held = append(held, crowd(t, a, address(i))...)
		}
		for range 10 * places {
			i := r.IntN(len(held))
			a.Release(held[i])
			held[i] = held[len(held)-1]
			held = held[:len(held)-1]
			for range 3 {
				if p, cause := a.Admit(address(r.IntN(crowds)), ""); cause == "" {
					held = append(held, p)
				}
			}
		}
		newcomers := len(crowd(t, a, address(9999)))
		t.Logf("%d crowds hold %d places, a newcomer gets %d", crowds, len(held), newcomers)
		if want := min(256, places/(2*(crowds+1))) / 2; newcomers < want {
			t.Errorf("beside %d crowds a newcomer gets %d places, want %d", crowds, newcomers, want)
		}
	}
}

func TestOneNetworkOfIPv6IsOneAddress(t *testing.T) {
	t.Parallel()
	a := NewAdmission(Limits{ConnectionsPerIP: 2, Pending: 100, PendingPerIP: 3})
	let := 0
	for i := range 40 {
		if _, cause := a.Admit(netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x::%x", i, i+1)), ""); cause == "" {
			let++
		} else if cause != CauseMaximumByIP {
			t.Errorf("refused as %q", cause)
		}
	}
	if let != 2 {
		t.Errorf("one /64 had %d places of 2", let)
	}
	let = 0
	for i, text := range []string{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "::ffff:c000:201"} {
		if _, cause := a.Admit(netip.MustParseAddr(text), fmt.Sprint("user", i)); cause == "" {
			let++
		}
	}
	if let != 2 {
		t.Errorf("one IPv4 address in two forms had %d places of 2", let)
	}
	for _, other := range []string{"2001:db8:1:3::1", "192.0.2.2", "::1", "fe80::1%eth0"} {
		if _, cause := a.Admit(netip.MustParseAddr(other), ""); cause != "" {
			t.Errorf("%s has neighbours, and was refused: %s", other, cause)
		}
	}
}

func TestAUserHasNoMorePlacesThanOneMayHaveWhateverTheAddress(t *testing.T) {
	t.Parallel()
	a := NewAdmission(Limits{ConnectionsPerUser: 3, Pending: 1000, PendingPerIP: 100})
	var kept []Place
	for i := range 10 {
		p, cause := a.Admit(address(i), "eve")
		if cause != "" {
			t.Fatalf("at the handshake, where a page could not show why: %s", cause)
		}
		if cause = a.Settle(&p, "eve"); cause == "" {
			kept = append(kept, p)
		} else if cause != CauseMaximumByUser {
			t.Errorf("refused as %q", cause)
		}
	}
	if len(kept) != 3 {
		t.Fatalf("%d places of 3", len(kept))
	}
	p, _ := a.Admit(address(0), "ann") // whose token then is eve's
	if cause := a.Settle(&p, "eve"); cause != CauseMaximumByUser {
		t.Errorf("as another user: %q", cause)
	}
	a.Release(kept[0])
	if cause := a.Settle(&p, "eve"); cause != "" {
		t.Errorf("after one has left: %s", cause)
	}
}

// What was taken is given back, whatever the order in which clients come, are let in and go.
func TestEveryPlaceIsGivenBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := NewAdmission(Limits{Connections: 20, ConnectionsPerIP: 8, ConnectionsPerUser: 4, Pending: 15, PendingPerIP: 5})
		var held []Place
		arrived := map[netip.Addr]int{}
		user := func() string { return []string{"", "", "ann", "bob", "eve"}[r.IntN(5)] }
		for range 5000 {
			switch addr := address(r.IntN(5)); r.IntN(5) {
			case 0, 1:
				if p, cause := a.Admit(addr, user()); cause == "" {
					held = append(held, p)
				}
			case 2:
				if len(held) > 0 {
					a.Settle(&held[r.IntN(len(held))], user())
				}
			case 3:
				if a.Arrive(addr, r.IntN(2) == 0) == "" {
					arrived[addr]++
				} else if arrived[addr] > 0 {
					a.Depart(addr)
					arrived[addr]--
				}
			case 4:
				if n := len(held); n > 0 {
					i := r.IntN(n)
					a.Release(held[i])
					held[i] = held[n-1]
					held = held[:n-1]
				}
			}
			if a.settled.taken > 20 || a.pending.taken > 15 || a.arrivals.taken > 15 || a.Places() != len(held) {
				t.Fatalf("%d, %d and %d are taken, %d held", a.settled.taken, a.pending.taken, a.arrivals.taken, len(held))
			}
			for hash, n := range a.byUser {
				if n > 4 {
					t.Fatalf("user %x has %d", hash, n)
				}
			}
		}
		for _, p := range held {
			a.Release(p)
		}
		for addr, n := range arrived {
			for range n {
				a.Depart(addr)
			}
		}
		if a.Places() != 0 || a.Arrivals() != 0 || len(a.byUser)+len(a.settled.of)+len(a.pending.of)+len(a.arrivals.of) != 0 {
			t.Fatalf("left behind: %+v", a)
		}
	}
}
