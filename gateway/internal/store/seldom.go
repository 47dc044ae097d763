package store

import (
	"log/slog"
	"time"
)

// seldom writes a log line at most once in a while, with the number of those it left out since the last.
// It belongs to one goroutine.
type seldom struct {
	every   time.Duration
	last    time.Time
	skipped int
}

func (s *seldom) warn(log *slog.Logger, text string, args ...any) (written bool) {
	if time.Since(s.last) < s.every {
		s.skipped++
		return false
	}
	log.Warn(text, append(args, "skipped", s.skipped)...)
	s.last, s.skipped = time.Now(), 0
	return true
}
