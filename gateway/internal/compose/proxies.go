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

func (p proxies) trust(addr netip.Addr) bool { return config.Proxies(p).Contain(addr) }

// client returns the address of the client: the last hop of X-Forwarded-For that is not a trusted
// proxy. What stands before it the client may have made up.
func (p proxies) client(r *http.Request) netip.Addr {
	addr := engineio.PeerAddr(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr
}
