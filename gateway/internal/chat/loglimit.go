package chat

import (
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// logLimit keeps clients from filling the log with lines of one kind: a burst of them, then one a second. Its
// zero value is ready; any goroutine may use it.
type logLimit struct {
	mu    lockorder.Mutex[logLimit]
	lines bucket
}

const (
	logLinesPerSecond = 1
	logLinesAtOnce    = 20
)

// allow tells whether another line may be written now, and counts it.
func (l *logLimit) allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.take(time.Now(), 1, logLinesPerSecond, logLinesAtOnce)
}
