package compose

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// origins is the rule for browsers' cross-site connections: CORS does not apply to WebSockets, and a
// cookie goes along wherever the page came from, so the Origin header is all there is to check.
type origins struct {
	allowed map[string]bool
	proxies proxies
}

func newOrigins(allowed []string, p proxies) origins {
	o := origins{allowed: make(map[string]bool), proxies: p}
	for _, origin := range allowed {
		o.allowed[strings.ToLower(strings.TrimSuffix(origin, "/"))] = true
	}
	return o
}

// allow lets in clients without an Origin (unless a browser says that a foreign page is behind it), pages of the same host, and what
// is listed. The port is not compared: cookies don't either, and `proxy_set_header Host $host`
// loses it.
func (o origins) allow(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return byPage(r.Header)
	}
	origin := strings.ToLower(values[0])
	if len(values) == 1 && (o.allowed["*"] || o.allowed[origin]) {
		return true
	}
	page, err := url.Parse(origin)
	if err != nil || len(values) > 1 || page.Host == "" {
		return false
	}
	for _, host := range o.hosts(r) {
		if page.Hostname() == host {
			return true
		}
	}
	return false
}

// cors lets the pages that are listed use long-polling with their cookies. Pages of the same host
// need no leave for it.
func (o origins) cors() *engineio.CORS {
	if len(o.allowed) == 0 {
		return nil
	}
	return &engineio.CORS{
		Allow:       func(origin string) bool { return o.allowed["*"] || o.allowed[strings.ToLower(origin)] },
		Credentials: true,
	}
}

// hosts are the names that the client reached the gateway by.
func (o origins) hosts(r *http.Request) []string {
	hosts := []string{hostname(r.Host)}
	if forwarded := r.Header.Get("X-Forwarded-Host"); forwarded != "" && o.proxies.trust(engineio.PeerAddr(r)) {
		first, _, _ := strings.Cut(forwarded, ",")
		hosts = append(hosts, hostname(strings.TrimSpace(first)))
	}
	return hosts
}

func hostname(host string) string { return strings.ToLower((&url.URL{Host: host}).Hostname()) }
