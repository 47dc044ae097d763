package store

import (
	"log/slog"
	"time"
)

// rareWarning writes a log line at most once in a while, with the number of those it left out since the last.
// It belongs to one goroutine.
type rareWarning struct {
	every   time.Duration
	last    time.Time
	skipped int
}

func (w *rareWarning) write(log *slog.Logger, text string, args ...any) (written bool) {
	if time.Since(w.last) < w.every {
		w.skipped++
		return false
	}
	log.Warn(text, append(args, "skipped", w.skipped)...)
	w.last, w.skipped = time.Now(), 0
	return true
}
