// Package logtest gives tests a log that they read while it is written.
package logtest

import (
	"strings"
	"sync"
)

// Log is what was written to it. Any goroutine may use it.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count tells how often a text stands in it.
func (l *Log) Count(text string) int { return strings.Count(l.String(), text) }
