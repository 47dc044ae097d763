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
