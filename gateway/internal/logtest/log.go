// Package logtest gives tests a log that they read while it is written.
package logtest

import (
	"strings"
	"sync/atomic"
)

// Log is what was written to it. Any goroutine may use it. It has no lock, which would need a place in the order of the product's.
type Log struct{ text atomic.Pointer[string] }

func (l *Log) Write(p []byte) (int, error) {
	for {
		before := l.text.Load()
		after := string(p)
		if before != nil {
			after = *before + after
		}
		if l.text.CompareAndSwap(before, &after) {
			return len(p), nil
		}
	}
}

func (l *Log) String() string {
	if text := l.text.Load(); text != nil {
		return *text
	}
	return ""
}

// Count tells how often a text stands in it.
func (l *Log) Count(text string) int { return strings.Count(l.String(), text) }
