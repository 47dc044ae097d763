package chat

import (
	"sync"
	"time"
)

// seldom keeps clients from filling the log: a burst of lines, then one a second.
type seldom struct {
	mu    sync.Mutex
	lines bucket
}

const (
	logRate  = 1
	logBurst = 20
)

func (s *seldom) now() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.take(time.Now(), 1, logRate, logBurst)
}
