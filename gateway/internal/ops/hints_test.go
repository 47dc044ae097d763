package ops

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestRefusedPollingNamesOptionAndVariableOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
		for range 100 {
			h.HandshakeRefused(engineio.CausePolling)
			time.Sleep(time.Second)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines in 100 seconds, want 2:\n%s", len(lines), log.String())
		}
		if !strings.Contains(lines[0], "POLLING") || !strings.Contains(lines[0], "transports") {
			t.Errorf("no way out named: %s", lines[0])
		}
	})
}

func TestEachLimitThatIsReachedNamesItsVariable(t *testing.T) {
	t.Parallel()
	for cause, want := range map[string]string{
		engineio.CauseMaximum: "MAX_CONNECTIONS ", engineio.CauseMaximumByIP: "MAX_CONNECTIONS_PER_IP",
		engineio.CauseMaximumByUser: "MAX_CONNECTIONS_PER_USER", engineio.CausePending: "MAX_PENDING ",
		engineio.CausePendingByIP: "TRUSTED_PROXIES", engineio.CauseArrivals: "MAX_PENDING ",
		engineio.CauseArrivalsByIP: "MAX_PENDING_PER_IP", engineio.CauseIdentity: "withCredentials",
	} {
		var log bytes.Buffer
		NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil))).HandshakeRefused(cause)
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s: %q does not name %s", cause, log.String(), want)
		}
	}
	var log bytes.Buffer
	h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
	h.SessionClosed(engineio.TransportClose)
	h.SessionClosed(engineio.TooMuchPending)
	h.SessionClosed(engineio.TooMuchPending)
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "32 KiB") {
		t.Errorf("logged %q", log.String())
	}
}

func TestSessionsThatAreNotUpgradedNameWhatTheProxyMustDoOnlyIfTheyAreSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
		for range 4 { // one client now and then
			h.SessionClosed(engineio.NotUpgraded)
			time.Sleep(40 * time.Second)
		}
		if log.Len() > 0 {
			t.Fatalf("logged %s", log.String())
		}
		for range 12 { // a browser that comes back for two minutes
			h.SessionClosed(engineio.NotUpgraded)
			time.Sleep(10 * time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines, want 2:\n%s", n, log.String())
		}
		for _, want := range []string{"skipTrailingSlashRedirect: true", "POLLING=full", "upgrade"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no %s in %s", want, log.String())
			}
		}
	})
}

func TestEachWayToLoseAClientNamesItsVariable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(*Hints)
		want    string
	}{
		"a slow reader":         {func(h *Hints) { h.SessionClosed(engineio.QueueFull) }, "SEND_QUEUE_BYTES"},
		"a packet out of order": {func(h *Hints) { h.SessionClosed(engineio.ForcedClose) }, "before CONNECT"},
		"a packet too large":    {(*Hints).PacketTooLarge, "MAX_PAYLOAD"},
		"a bare WebSocket":      {func(h *Hints) { h.HandshakeRefused(engineio.CauseTransport) }, "socket.io-client"},
		"a proxy's upgrade":     {func(h *Hints) { h.HandshakeRefused(engineio.CauseBadRequest) }, "proxy_set_header Upgrade"},
		"JSONP":                 {func(h *Hints) { h.HandshakeRefused(engineio.CauseJSONP) }, "forceJSONP"},
		"TLS":                   {func(h *Hints) { h.HandshakeRefused(engineio.CauseProtocol) }, "http://"},
		"another path":          {func(h *Hints) { h.PathUnknown("/api/socket/") }, "/api/socket/"},
		"a long path":           {func(h *Hints) { h.PathUnknown("/" + strings.Repeat("x", 1<<16)) }, "SOCKET_PATH"},
		"an Origin": {func(h *Hints) {
			h.OriginRefused("https://www.app.example", "app.example")
			h.HandshakeRefused(engineio.CauseForbidden)
		}, "origin=https://www.app.example host=app.example"},
		"no Origin": {func(h *Hints) { h.HandshakeRefused(engineio.CauseForbidden) }, "ALLOWED_ORIGINS"},
	} {
		var log bytes.Buffer
		h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
		h.SessionClosed(engineio.TransportClose)
		c.happens(h)
		c.happens(h)
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), c.want) || log.Len() > 1000 {
			t.Errorf("%s: logged %q, want %s once", name, log.String(), c.want)
		}
	}
}

// A laptop that wakes asks for its old session, and a restart has all ask for theirs; taking turns among gateways goes on.
func TestSessionsThatAreNotHereNameTheBalancerOnlyIfTheyAreMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := NewHints(NewMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
		for range 100 {
			h.HandshakeRefused(engineio.CauseSession)
			time.Sleep(7 * time.Second)
		}
		if log.Len() > 0 {
			t.Fatalf("logged %s", log.String())
		}
		for range 60 {
			h.HandshakeRefused(engineio.CauseSession)
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "ip_hash") {
			t.Errorf("%d lines, want 1:\n%s", n, log.String())
		}
	})
}
