package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// outside is a client of the app, on the other side of its proxy.
type outside struct {
	*report
	config config.Config
	page   *url.URL // scheme and host of the sockets, and of the pages too
	origin *url.URL // of the pages, if they are elsewhere
	quick  bool
	cookie string // that should let in; may be empty
}

// run goes from the page to the sockets, as a browser does.
func (o outside) run(ctx context.Context) {
	rest := []string{"path", "upgrade", "origin", "cookie", "polling", "idle"}
	skip := func(because string) {
		for _, step := range rest {
			o.skip(step, because)
		}
	}
	if !o.reach(ctx) {
		skip("because the page can't be reached")
		return
	}
	polling, reached := o.path(ctx)
	if rest = rest[1:]; !reached {
		skip("because " + o.config.SocketPath + " does not reach the gateway")
		return
	}
	upgrades := o.upgrade(ctx)
	if rest = rest[1:]; upgrades {
		o.foreignOrigin(ctx)
		o.authentication(ctx)
	} else {
		o.skip("origin", "because there is no WebSocket")
		o.skip("cookie", "because there is no WebSocket")
	}
	if polling {
		o.sticky(ctx, upgrades)
	} else {
		o.skip("polling", "the gateway has POLLING=off: clients need transports: [\"websocket\"]")
	}
	if upgrades {
		o.idle(ctx)
	} else {
		o.skip("idle", "because there is no WebSocket")
	}
	o.skip("address", "only the gateway's log tells whether it sees clients' real addresses (addr); X-Forwarded-For brings them")
}

// reach asks for the page.
func (o outside) reach(ctx context.Context) bool {
	answer, err := o.get(ctx, "/", nil)
	if err != nil {
		o.fault("page", unquoted(err), networkFix(err))
		return false
	}
	if elsewhere, err := url.Parse(answer.Header.Get("Location")); err == nil && answer.Status/100 == 3 &&
		elsewhere.Host != "" && (elsewhere.Scheme != o.page.Scheme || elsewhere.Host != o.page.Host) {
		o.fault("page", fmt.Sprintf("%s sends browsers on to %s://%s", o.page, elsewhere.Scheme, elsewhere.Host),
			fmt.Sprintf("--url %s://%s", elsewhere.Scheme, elsewhere.Host))
		return false
	}
	switch health, err := o.get(ctx, ops.HealthzPath, nil); {
	case o.origin != nil:
		o.skip("page", "pages come from "+o.origin.String())
	case answer.Status == http.StatusNotFound && err == nil && strings.HasPrefix(health.Body, ops.Healthy):
		o.fault("page", "/ is answered by the gateway, which has no pages", webFix)
	case answer.Status == http.StatusBadGateway, answer.Status == http.StatusServiceUnavailable, answer.Status == http.StatusGatewayTimeout:
		o.fault("page", "the proxy does not reach the web app: "+answer.String(), webFix)
	case answer.Status == http.StatusNotFound, answer.Status >= 500:
		o.warn("page", "the web app answers / with "+answer.String())
	default:
		o.ok("page", "/ comes from the web app: %s", answer)
	}
	return true
}

// path asks for a handshake, with and without the last slash.
func (o outside) path(ctx context.Context) (polling, reached bool) {
	answer, err := o.handshake(ctx, o.config.SocketPath)
	if err != nil {
		o.fault("path", unquoted(err), networkFix(err))
		return false, false
	}
	polling, reached = o.fromGateway(answer)
	if !reached {
		return false, false
	}
	bare := strings.TrimSuffix(o.config.SocketPath, "/")
	switch second, err := o.handshake(ctx, bare); {
	case err != nil:
		o.warn("path", bare+": "+unquoted(err))
	case second.Status != answer.Status:
		o.warn("path", fmt.Sprintf("%s reaches the gateway, %s does not (%s): clients with addTrailingSlash: false need it", o.config.SocketPath, bare, second),
			fmt.Sprintf("nginx: location %s { … }; Caddy: reverse_proxy %s* …", bare, bare))
	default:
		o.ok("path", "%s reaches the gateway, and %s", o.config.SocketPath, bare)
	}
	return polling, true
}

// fromGateway tells the gateway's answers to a handshake from those of others.
func (o outside) fromGateway(answer engineclient.Answer) (polling, found bool) {
	if _, err := engineclient.ParseOpening(answer.Body); err == nil {
		return true, true
	}
	code, message, refused := refusal(answer)
	switch {
	case refused && code == transportUnknown:
		return false, true
	case refused && code == forbidden:
		o.fault("path", "the gateway refuses pages of "+o.pageOrigin(), o.originFixes()...)
	case refused:
		o.fault("path", "the gateway refuses clients: "+message, "MAX_CONNECTIONS or MAX_CONNECTIONS_PER_IP should leave room")
	case answer.Status == http.StatusBadGateway, answer.Status == http.StatusServiceUnavailable, answer.Status == http.StatusGatewayTimeout:
		o.fault("path", "the proxy does not reach the gateway: "+answer.String(), o.pathFix())
	case answer.Status == http.StatusNotFound && strings.TrimSpace(answer.Body) == notFound:
		o.fault("path", o.config.SocketPath+" is answered by something else: "+answer.String()+", as the gateway answers at other paths than its own", o.strippedFix())
	default:
		o.fault("path", fmt.Sprintf("%s is answered by something else: %s", o.config.SocketPath, answer), o.pathFix())
	}
	return false, false
}

// pageOrigin is where the app's pages come from, as a browser says it.
func (o outside) pageOrigin() string {
	if o.origin != nil {
		return o.origin.String()
	}
	return o.page.String()
}

// headers are those of a page of the app.
func (o outside) headers() http.Header {
	return http.Header{"Origin": {o.pageOrigin()}, "User-Agent": {visitor}}
}

// loggedIn adds the cookie that should let in.
func (o outside) loggedIn() http.Header {
	header := o.headers()
	if o.cookie != "" {
		header.Set("Cookie", o.cookie)
	}
	return header
}

func (o outside) get(ctx context.Context, path string, query url.Values) (engineclient.Answer, error) {
	address := *o.page
	address.Path, address.RawQuery = path, query.Encode()
	return request(ctx, newClient(nil), http.MethodGet, address.String(), o.headers(), "")
}

func (o outside) handshake(ctx context.Context, path string) (engineclient.Answer, error) {
	return o.get(ctx, path, url.Values{"EIO": {"4"}, "transport": {"polling"}})
}

// unquoted leaves out the URL that net/http repeats: its session ids are nobody's business.
func unquoted(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}
