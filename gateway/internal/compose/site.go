package compose

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// site is a scheme, a host and a port: where a page comes from, or by what the client reached the gateway. The port is ""
// where it is the scheme's default or nobody tells it. The scheme is "" where nobody tells it.
type site struct{ scheme, host, port string }

// String is the form in which browsers send a page's origin.
func (s site) String() string {
	host := s.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.port != "" {
		host += ":" + s.port
	}
	return s.scheme + "://" + host
}

// parseOrigin reads the origin of a page of http or https. False means that it is none, or has more than an origin has.
func parseOrigin(text string) (site, bool) {
	text = strings.ToLower(text)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || text != u.Scheme+"://"+u.Host {
		return site{}, false
	}
	host, port := split(u.Host)
	if u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		port = ""
	}
	return site{u.Scheme, host, port}, true
}

// reached returns the site of a Host header, with a scheme and a port that proxies tell. Port 443 tells https, and 80 nothing:
// what listens there may stand behind another proxy.
func reached(authority, scheme, port string) site {
	host, own := split(strings.ToLower(authority))
	port = cmp.Or(own, port)
	switch {
	case port == "443":
		scheme, port = cmp.Or(scheme, "https"), ""
	case port == "80":
		port = ""
	}
	return site{scheme, host, port}
}

// split parts a host from its port. Every spelling of an IP address becomes one.
func split(authority string) (host, port string) {
	u := url.URL{Host: authority}
	host = u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
	}
	return host, u.Port()
}

// sites are what the client reached the gateway by: Host and, of a trusted proxy, what its headers say. Where two agree on the
// host and only one has a port, that one knows better.
func (p proxies) sites(r *http.Request) []site {
	var scheme, port string
	hosts := []string{r.Host}
	if p.trust(engineio.PeerAddr(r)) {
		by := forwarded(r)
		scheme, port = schemes[cmp.Or(first(r, "X-Forwarded-Proto"), by["proto"])], first(r, "X-Forwarded-Port")
		hosts = append(hosts, first(r, "X-Forwarded-Host"), by["host"])
	}
	if r.TLS != nil {
		scheme = cmp.Or(scheme, "https")
	}
	var all []site
	for _, host := range hosts {
		if host != "" {
			all = append(all, reached(host, scheme, port))
		}
	}
	if len(all) == 1 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s site) bool {
		return s.port == "" && slices.ContainsFunc(all, func(o site) bool { return o.host == s.host && o.port != "" })
	})
}

// schemes are what proxies call them. Some say ws of a WebSocket.
var schemes = map[string]string{"http": "http", "ws": "http", "https": "https", "wss": "https"}

// first returns what the outermost proxy said in a header to which each adds its own word.
func first(r *http.Request, header string) string {
	text, _, _ := strings.Cut(r.Header.Get(header), ",")
	return strings.ToLower(strings.TrimSpace(text))
}

// forwarded returns the outermost proxy's part of the header Forwarded (RFC 7239): its values by name, in lower case. Nil is
// no such header.
func forwarded(r *http.Request) map[string]string {
	rest := r.Header.Get("Forwarded")
	if rest == "" {
		return nil
	}
	said := make(map[string]string)
	for rest != "" {
		end, quoted := len(rest), false
		for i := range len(rest) {
			if rest[i] == '"' {
				quoted = !quoted
			} else if !quoted && (rest[i] == ';' || rest[i] == ',') {
				end = i
				break
			}
		}
		name, value, _ := strings.Cut(rest[:end], "=")
		said[strings.ToLower(strings.TrimSpace(name))] = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
		if end == len(rest) || rest[end] == ',' {
			break
		}
		rest = rest[end+1:]
	}
	return said
}
