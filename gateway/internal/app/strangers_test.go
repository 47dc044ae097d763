package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

func TestTenThousandHandshakesWithoutATokenTakeFewPlaces(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(c *config.Config) {
		c.MaxConnections, c.TrustedProxies = 100, nil
		// None gives its place back meanwhile, however slow the machine is.
		c.PendingTimeout, c.ConnectTimeout = time.Hour, time.Hour
		c.Polling, c.PingInterval, c.PingTimeout = "full", time.Hour, time.Hour
	})
	const all = 10_000
	let := e.handshakes("127.0.0.2", all, "")
	if n := e.app.admission.Pending(); n > 1024 {
		t.Errorf("%d are pending, want 1024", n)
	}
	if let < all { // on a fast machine: nobody gives way at once
		e.counted("max pending per ip")
	}
	_, metrics := get(t, e.app.servers[1].listener.Addr().String(), "/metrics")
	if let > 1024 && strings.Contains(metrics, "socketgate_connections_closed_total{reason=\"gave way\"} 0\n") {
		t.Errorf("%d had a place, and none was counted that gave way", let)
	}
	e.mustEnter("127.0.0.3", e.auth("ann"), nil)
	e.mustEnter("127.0.0.2", "", e.cookie("bob")) // beside the attacker, with a cookie
}

func TestNobodyWithoutATokenTakesThePlacesOfThoseWhoHaveOne(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(c *config.Config) { c.MaxConnections, c.MaxPending, c.MaxPendingPerIP = 100, 400, 50 })
	for i := range 6 {
		e.handshakes("127.0.0.1", 100, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d\r\n", i))
	}
	for i := range 100 {
		e.mustEnter("127.0.0.1", e.auth(fmt.Sprint("user", i)), http.Header{"X-Forwarded-For": {"198.51.100.1"}})
	}
	if _, err := e.enter("127.0.0.1", e.auth("late"), http.Header{"X-Forwarded-For": {"198.51.100.1"}}); err == nil {
		t.Error("MAX_CONNECTIONS let in one more")
	}
	e.counted("max connections")
}

func TestWhoNeverLogsInKeepsNobodyOfTheSameAddressOut(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, func(c *config.Config) {
		c.MaxPendingPerIP, c.TrustedProxies, c.PendingTimeout, c.ConnectTimeout = 10, nil, time.Hour, time.Hour
	})
	for range 10 {
		conn, err := engineclient.Dialer{}.Dial(t.Context(), "ws://"+e.addr+"/socket.io/?"+engineclient.Query)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	for deadline := time.Now().Add(patience); ; { // they have a moment for their first word
		if _, err := e.enter("127.0.0.1", e.auth("ann"), nil); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("an honest client did not get in: %v", err)
		}
	}
	if _, metrics := get(t, e.app.servers[1].listener.Addr().String(), "/metrics"); !strings.Contains(metrics, `socketgate_connections_closed_total{reason="gave way"} 1`) {
		t.Error("it was not counted that one gave way")
	}
}
