package socketio

import (
	"log/slog"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// unreadable logs each kind of fault in clients' packets once: the developer of such a client sees only
// that it is closed with "parse error", again and again. Its zero value is ready; any goroutine may use it.
type unreadable struct {
	mu    lockorder.Mutex[unreadable]
	known map[error]bool
}

func (u *unreadable) tell(log *slog.Logger, fault error) {
	u.mu.Lock()
	isKnown := u.known[fault]
	if u.known == nil {
		u.known = make(map[error]bool)
	}
	u.known[fault] = true
	u.mu.Unlock()
	if !isKnown {
		log.Warn("a client was closed for a packet that no Socket.IO client sends; others for the same are not logged", "fault", fault)
	}
}
