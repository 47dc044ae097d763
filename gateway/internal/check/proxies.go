package check

import (
	"fmt"
	"strconv"
)

// Lines for the two proxies.
const (
	upgradeFix = `nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; (Caddy's reverse_proxy does it by itself)`
	hostFix    = `nginx: proxy_set_header Host $http_host; (Caddy: no header_up Host)`
	cookieFix  = `nginx: no proxy_set_header Cookie, and proxy_pass_request_headers on; (Caddy: no header_up -Cookie)`
	originFix  = `nginx: no proxy_set_header Origin; (Caddy: no header_up Origin)`
	stickyFix  = `nginx: upstream gateway { ip_hash; … }; Caddy: lb_policy client_ip_hash; better, a cookie of the proxy's own: see deploy/nginx/upstreams-several.conf, deploy/caddy/several.Caddyfile`
	webFix     = `nginx: location / { proxy_pass http://127.0.0.1:3000; } (Caddy: reverse_proxy 127.0.0.1:3000), the web app`
)

// pathFix sends the sockets, and nothing else, to the gateway.
func (o outside) pathFix() string {
	upstream := "127.0.0.1:" + strconv.Itoa(o.config.Port)
	return fmt.Sprintf("nginx: location %s { proxy_pass http://%s; … }; Caddy: reverse_proxy %s* %s; %s is HOST:PORT of the gateway",
		o.config.SocketPath, upstream, o.config.SocketPath, upstream, upstream)
}

// notFound is what the gateway, as any server of Go, answers where it has nothing.
const notFound = "404 page not found"

// strippedFix names what takes the path off on the way to the gateway.
func (o outside) strippedFix() string {
	return fmt.Sprintf("nginx: proxy_pass http://127.0.0.1:%d; with no / behind the port, which takes %s off; Caddy: handle, not handle_path; SOCKET_PATH should be the client's path",
		o.config.Port, o.config.SocketPath)
}

func (o outside) originFixes() []string {
	list := "ALLOWED_ORIGINS=" + o.pageOrigin()
	if o.origin != nil {
		return []string{list}
	}
	return []string{hostFix, "or " + list}
}
