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
