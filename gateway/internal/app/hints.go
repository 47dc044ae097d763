package app

import (
	"log/slog"
	"sync"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/pkg/engineio"
)

// hints turn refusals that come from a wrong setting into a log line that names the setting, at
// most one a minute each.
type hints struct {
	*ops.Metrics
	log *slog.Logger

	mu   sync.Mutex
	said map[string]time.Time
}

var hintFor = map[string]string{
	engineio.CausePolling: `clients begin with HTTP long-polling, which POLLING=off refuses: ` +
		`set the client's option transports: ["websocket"]`,
	engineio.CauseForbidden: "a page of another site was refused by its Origin: list it in ALLOWED_ORIGINS if it is yours",
	engineio.CauseVersion:   "a client of another protocol version was refused: socket.io-client 3 or later is needed, or ALLOW_EIO3=true",
	engineio.CauseMaximum:   "MAX_CONNECTIONS is reached: clients are refused until others leave",
}

// HandshakeRefused counts, and hints.
func (h *hints) HandshakeRefused(cause string) {
	h.Metrics.HandshakeRefused(cause)
	if hint := hintFor[cause]; hint != "" && h.due(cause) {
		h.log.Warn(hint)
	}
}

func (h *hints) due(cause string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if now.Sub(h.said[cause]) < time.Minute {
		return false
	}
	h.said[cause] = now
	return true
}
