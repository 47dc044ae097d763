package compose

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio"
)

// proxies are the networks that are believed when they say a client's address.
type proxies config.Proxies

// Proxies returns the rule of TRUSTED_PROXIES: whether a peer is a proxy, and the address that a request counts for.
func Proxies(c config.Config) (trusted func(netip.Addr) bool, counted func(*http.Request) netip.Addr) {
	p := proxies(c.TrustedProxies)
	return p.trust, p.counted
}

func (p proxies) trust(addr netip.Addr) bool { return config.Proxies(p).Contain(addr) }

// client returns the address of the client: the last hop of X-Forwarded-For that is not a trusted
// proxy, or the hop that the outermost of a known number of proxies has added. What stands before it the client may have
// made up.
func (p proxies) client(r *http.Request) netip.Addr { return p.walk(r, p.trust) }

// counted returns the address that a client counts for where addresses have limits. It is that of client, with one
// difference: private networks, where a proxy may have users for neighbours, are believed of the peer only. Otherwise
// such a user escapes all limits by one header: "X-Forwarded-For: made-up", to which the proxy adds 10.0.0.5, the user's
// own address, which looks like another proxy's. Where there is one, clients count for it, until it is named in
// TRUSTED_PROXIES by its address, or by the number of proxies.
func (p proxies) counted(r *http.Request) netip.Addr {
	return p.walk(r, config.Proxies(p).Named)
}

// walk goes from the peer towards the client, past the peer if it is a proxy, and then past hops for as long as
// trusted says so.
func (p proxies) walk(r *http.Request, trusted func(netip.Addr) bool) netip.Addr {
	addr := engineio.PeerAddr(r)
	if !p.trust(addr) {
		return addr
	}
	named := r.Header.Values("X-Forwarded-For")
	if named == nil {
		return addr
	}
	hops := strings.Split(strings.Join(named, ","), ",")
	left := config.Proxies(p).Hops()
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		addr = hop
		if left--; left == 0 || left < 0 && !trusted(addr) {
			break
		}
	}
	return addr
}

// parseHop reads an address as proxies write it: some add the client's port (Azure's, IIS), or put IPv6 into brackets.
func parseHop(text string) (addr netip.Addr, ok bool) {
	if hop, err := netip.ParseAddrPort(text); err == nil {
		return hop.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return addr.Unmap().WithZone(""), err == nil
}
