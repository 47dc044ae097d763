package compose

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio"
)

// origins is the rule for the pages of browsers: who may connect, and who may read the answers. A cookie goes along wherever
// the page came from, and CORS does not apply to WebSockets, so the gateway has to look at the Origin itself.
type origins struct {
	listed      map[string]bool
	proxies     proxies
	development bool
}

func newOrigins(c config.Config) origins {
	o := origins{listed: make(map[string]bool), proxies: proxies(c.TrustedProxies), development: !c.Production}
	for _, origin := range c.AllowedOrigins {
		o.listed[strings.ToLower(strings.TrimSuffix(origin, "/"))] = true
	}
	return o
}

// visitor is what a request comes from.
type visitor int

const (
	foreigner visitor = iota // a page of another site
	program                  // no page
	resident                 // a page of the gateway's own origin
	guest                    // a page of another origin that may come in
)

// allow tells whether a request may be answered. It holds for every request, not only for a handshake.
func (o origins) allow(r *http.Request) bool { return o.visitor(r) != foreigner }

// cors lets guests use long-polling with their cookies. Residents need no leave from their browser.
func (o origins) cors() *engineio.CORS {
	return &engineio.CORS{Allow: func(r *http.Request) bool { return o.visitor(r) == guest }, Credentials: true}
}

func (o origins) visitor(r *http.Request) visitor {
	said := r.Header.Values("Origin")
	switch {
	case len(said) > 1:
		return foreigner
	case len(said) == 0 && (o.listed["*"] || byPage(r.Header)):
		return program
	case len(said) == 0:
		return foreigner // an image of another site's page, say: browsers send no Origin for it
	}
	page, isOrigin := parseOrigin(said[0])
	if o.listed["*"] || o.listed[strings.ToLower(said[0])] || isOrigin && o.listed[page.String()] {
		return guest
	}
	if !isOrigin {
		return foreigner
	}
	sites := o.proxies.sites(r)
	switch {
	case slices.ContainsFunc(sites, func(s site) bool { return s.has(page, r.Header.Get("Sec-Fetch-Site")) }):
		return resident
	case o.development && slices.ContainsFunc(sites, func(s site) bool { return o.besideEachOther(s.host, page.host) }):
		return guest
	}
	return foreigner
}

// has tells whether a page is one of the site's own. fetchSite is what the browser says of that by itself, "" where it says
// nothing: it alone knows the port where a proxy has lost it.
func (s site) has(page site, fetchSite string) bool {
	if s.host != page.host {
		return false
	}
	switch fetchSite {
	case "same-origin":
		return true
	case "same-site", "cross-site":
		return false
	}
	// A page by https where a proxy says http is the site's own: the proxy before it has the certificate. The other way round
	// it may be anybody's who sits in the network.
	return s.port == page.port && (page.scheme == "https" || s.scheme != "https")
}

// besideEachOther tells whether a page and the gateway run on the machine of one developer: Next.js has port 3000 there and
// the gateway 4000. Who lists origins means these, and not every name that the machine has for itself.
func (o origins) besideEachOther(gateway, page string) bool {
	if gateway == page {
		return isLoopback(page) || isPrivate(page)
	}
	return len(o.listed) == 0 && isLoopback(gateway) && isLoopback(page)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
}

func isPrivate(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.HasSuffix(host, ".local") || err == nil && (addr.IsPrivate() || addr.IsLinkLocalUnicast())
}
