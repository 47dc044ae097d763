package socketio

import (
	"log/slog"
	"regexp"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// absent logs namespaces that clients ask for and that do not exist, once each: such a client sees
// only that nothing happens. Its zero value is ready; any goroutine may use it.
type absent struct {
	mu    lockorder.Mutex[absent]
	known map[string]bool
}

// maxAbsent is how many namespaces the log names, since clients make them up.
const maxAbsent = 20

// namespaceName is what programs call a namespace. Another is logged without its name.
var namespaceName = regexp.MustCompile(`^/[A-Za-z0-9_.:/-]{1,40}$`)

func (a *absent) tell(log *slog.Logger, name string) {
	if !namespaceName.MatchString(name) {
		name = "(a name that is not logged)"
	}
	if a.isNew(name) {
		log.Warn(`a client asked for a namespace that there is not, and hears nothing: io("https://host/name") asks for /name; `+
			"the path of the server is the client's option path", "namespace", name)
	}
}

func (a *absent) isNew(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[name] || len(a.known) == maxAbsent {
		return false
	}
	if a.known == nil {
		a.known = make(map[string]bool)
	}
	a.known[name] = true
	return true
}
