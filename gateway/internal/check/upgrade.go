package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// upgrade opens a WebSocket as a page of the app does.
func (o outside) upgrade(ctx context.Context) bool {
	socket, err := o.dial(ctx, o.headers())
	if err == nil {
		defer socket.Leave()
		o.ok("upgrade", "the proxy passes WebSockets")
		return true
	}
	var refused engineclient.Refused
	switch {
	case errors.As(err, &refused) && refused.Body == "Forbidden":
		o.fault("upgrade", "the gateway refuses pages of "+o.pageOrigin(), o.originFixes()...)
	case errors.As(err, &refused):
		o.fault("upgrade", "the proxy does not pass the WebSocket upgrade: "+refused.String(), upgradeFix)
	default:
		o.fault("upgrade", "no WebSocket: "+unquoted(err), upgradeFix)
	}
	return false
}

// foreignOrigin tries to connect as a page of another site. That pages of the app may, upgrade has seen.
func (o outside) foreignOrigin(ctx context.Context) {
	const other = "https://another-site.invalid"
	header := o.headers()
	header.Set("Origin", other)
	socket, err := o.dial(ctx, header)
	var refused engineclient.Refused
	switch {
	case err == nil:
		socket.Leave()
		if slices.Contains(o.config.AllowedOrigins, "*") {
			o.warn("origin", "pages of every site may connect", "ALLOWED_ORIGINS should list origins, where cookies are used")
			return
		}
		o.fault("origin", "pages of other sites may connect: the gateway does not see their Origin, or takes any", originFix, "ALLOWED_ORIGINS without *")
	case errors.As(err, &refused) && refused.Body == "Forbidden":
		o.ok("origin", "pages of %s may connect, others may not", o.pageOrigin())
	default:
		o.warn("origin", "a page of another site is refused, but not by the gateway: "+unquoted(err))
	}
}

// authentication connects with a token and without.
func (o outside) authentication(ctx context.Context) {
	const step = "cookie"
	if err := o.connect(ctx, o.headers(), ""); err == nil {
		o.fault(step, "clients get in without a token", o.pathFix())
		return
	} else if !errors.Is(err, errUnauthorized) {
		o.fault(step, "CONNECT fails: "+unquoted(err), o.pathFix())
		return
	}
	if o.cookie == "" {
		o.skip(step, "nobody gets in without one; --token has the gateway try one of the app")
		return
	}
	switch err := o.connect(ctx, o.loggedIn(), ""); {
	case err == nil:
		o.ok(step, "arrives: a token gets in, and nobody without")
		return
	case !errors.Is(err, errUnauthorized): // the gateway says nothing to whom it may know once its database is back
		o.fault(step, "CONNECT fails: "+unquoted(err), "DATABASE_URL and SESSION_QUERY should work where the gateway runs: its log tells why they do not")
		return
	}
	name, value, _ := strings.Cut(o.cookie, "=")
	if err := o.connect(ctx, o.headers(), fmt.Sprintf(`{"token":%q}`, value)); err == nil {
		o.fault(step, "a token gets in as auth.token, but not as the cookie "+name+", which does not arrive", cookieFix,
			"or TOKEN_COOKIE should be the same where the gateway runs")
		return
	}
	o.fault(step, "a good token does not get in",
		"JWT_SECRET (AUTH_SECRET, …) should be the same here and where the gateway runs: its log tells why authentication failed")
}

// connect opens a WebSocket and joins the chat's namespace.
func (o outside) connect(ctx context.Context, header http.Header, auth string) error {
	socket, err := o.dial(ctx, header)
	if err != nil {
		return err
	}
	defer socket.Leave()
	return socket.connect(o.config.Namespace, auth)
}

func (o outside) socketURL() string {
	address := *o.page
	address.Scheme = "ws" + strings.TrimPrefix(o.page.Scheme, "http")
	address.Path, address.RawQuery = o.config.SocketPath, engineclient.Query
	return address.String()
}
