package chat

import (
	"regexp"
	"sync"
)

// strangers are the names of events that nobody handles, as far as the log has told them.
type strangers struct {
	mu    sync.Mutex
	names map[string]bool
}

// mostStrangers is how many names are told: clients make them up.
const mostStrangers = 50

// eventName is what a program calls an event. Nothing that a person has written, or a token, looks like it.
var eventName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,39}$`)

// isNew reports once for a name that the log should tell it.
func (s *strangers) isNew(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) == mostStrangers || s.names[name] || !eventName.MatchString(name) {
		return false
	}
	if s.names == nil {
		s.names = make(map[string]bool)
	}
	s.names[name] = true
	return true
}
