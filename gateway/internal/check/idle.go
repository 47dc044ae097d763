package check

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Waits for a ping: no longer than this, and so much longer than its time.
const (
	longestIdle = 2 * time.Minute
	idleGrace   = 5 * time.Second
)

// idle says nothing until the gateway does.
func (o outside) idle(ctx context.Context) {
	if o.quick {
		o.skip("idle", "--quick")
		return
	}
	socket, err := o.dial(ctx, o.loggedIn())
	if err != nil {
		o.fault("idle", unquoted(err))
		return
	}
	defer socket.Leave()
	interval := time.Duration(socket.PingInterval) * time.Millisecond
	if interval > longestIdle {
		o.skip("idle", fmt.Sprintf("pings come every %s only, which is long to wait", interval))
		return
	}
	if err := socket.connect(o.config.Namespace, ""); err != nil && !errors.Is(err, errUnauthorized) {
		o.fault("idle", unquoted(err))
		return
	} else if err != nil {
		o.skip("idle", "because no token gets in")
		return
	}
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	o.wait("idle", "waiting %s for the next ping (--quick leaves this out)", interval)
	began := time.Now()
	socket.Step = interval + idleGrace
	packet, err := socket.Packet()
	after := time.Since(began).Round(100 * time.Millisecond)
	switch {
	case isTimeout(err):
		o.fault("idle", fmt.Sprintf("no ping came within %s: something holds it back", after), "nginx: proxy_buffering off;")
	case err != nil:
		o.fault("idle", fmt.Sprintf("an idle socket is cut after %s, before the ping that comes every %s", after, interval),
			fmt.Sprintf("nginx: proxy_read_timeout %s; proxy_send_timeout %s; (Caddy: no stream_timeout below that)", longer(interval), longer(interval)),
			fmt.Sprintf("or PING_INTERVAL=%s", shorter(after)))
	case packet != "2" || socket.Say("3") != nil:
		o.fault("idle", fmt.Sprintf("instead of a ping came a packet %.2q", packet))
	default:
		o.ok("idle", "a socket that says nothing for %s is kept", after)
	}
}

// longer is a timeout in which several pings fit, in a proxy's seconds.
func longer(interval time.Duration) string {
	return fmt.Sprintf("%.0fs", max(75, (3*interval).Seconds()))
}

// shorter is an interval that a proxy lets pass.
func shorter(cut time.Duration) string {
	return max(cut/2, 100*time.Millisecond).Round(100 * time.Millisecond).String()
}
