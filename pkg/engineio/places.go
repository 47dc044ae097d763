package engineio

import (
	"encoding/binary"
	"net/netip"
)

// places are one kind of places of an Admission, whose mu guards them.
type places struct {
	most   int  // in all; zero means no limit
	mostOf int  // of one network; zero means no limit
	shared bool // nobody may have more of them than are free
	taken  int
	of     map[uint64]int // by network; nil where nobody asks
}

// lack is why there is no place.
type lack uint8

const (
	lackOfNothing lack = iota
	lackOfPlaces       // in all
	lackOfShare        // for this network
)

func (p *places) lack(network uint64) lack { return p.lackWith(network, p.mostOf) }

func (p *places) lackWith(network uint64, mostOf int) lack {
	switch {
	case p.most > 0 && p.taken >= p.most:
		return lackOfPlaces
	case mostOf > 0 && p.of[network] >= mostOf:
		return lackOfShare
	case p.shared && p.most > 0 && p.of[network] > p.most-p.taken:
		return lackOfShare
	}
	return lackOfNothing
}

func (p *places) countsNetworks() bool { return p.mostOf > 0 || p.shared && p.most > 0 }

func (p *places) take(network uint64) {
	p.taken++
	if !p.countsNetworks() {
		return
	}
	if p.of == nil {
		p.of = make(map[uint64]int)
	}
	p.of[network]++
}

func (p *places) give(network uint64) {
	p.taken--
	if !p.countsNetworks() {
		return
	}
	if p.of[network]--; p.of[network] <= 0 {
		delete(p.of, network)
	}
}

// networkOf is what counts as one address: an IPv4 address, also in the form of IPv6, or the /64 of an IPv6 address, since
// whoever has one address of it has all. The two don't meet: no /64 in use begins with 32 zero bits.
func networkOf(addr netip.Addr) uint64 {
	if addr = addr.Unmap(); addr.Is4() {
		b := addr.As4()
		return uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := addr.As16()
	return binary.BigEndian.Uint64(b[:8])
}
