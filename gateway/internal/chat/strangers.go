package chat

import (
	"regexp"
	"strings"
	"sync"
)

// strangers are the names of events that nobody handles, as far as the log has told them.
type strangers struct {
	mu    sync.Mutex
	names map[string]bool
}

// Clients make names up: so many are told, and so many of one client.
const (
	mostStrangers = 50
	strangersEach = 5
)

// eventName is what programs call an event: one word or two, like "chat message". What people write is longer, as a
// rule, and tokens are told apart by how they begin.
var eventName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,29}( [A-Za-z0-9_.:/-]{1,20})?$`)

// isNew reports once for a name that the log should tell it.
func (s *strangers) isNew(name string, by *member) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) == mostStrangers || by.strange == strangersEach || s.names[name] || !eventName.MatchString(name) || strings.HasPrefix(name, "eyJ") {
		return false
	}
	if s.names == nil {
		s.names = make(map[string]bool)
	}
	s.names[name] = true
	by.strange++
	return true
}
