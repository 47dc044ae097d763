package chat

import (
	"regexp"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// unknown answers events that nobody handles. Apps emit much that only their own server knew: a client that
// asks for an ack is told, the others are not bothered. The log names each event once, for whoever looks for
// why nothing happens.
func (c *Chat) unknown(s *socketio.Socket, e *socketio.Event) {
	m := s.Data.(*member)
	if !c.allow(s, m, &request{chat: c, socket: s, event: e, name: "other"}) {
		return
	}
	if c.options.Elsewhere != nil && c.options.Elsewhere(s, e) {
		c.options.Observer.Event("other", "passed")
		return
	}
	c.options.Observer.Event("other", "ignored")
	if c.unknownEvents.isNew(e.Name, m) {
		c.options.Logger.Warn("clients send an event that nothing handles: JOIN_EVENTS, LEAVE_EVENTS, SEND_EVENTS and RELAY_EVENTS say which are",
			"event", e.Name)
	}
	if e.WantsAck() {
		e.Ack(contract.Failure{Code: contract.BadRequest, Text: "this server does not know the event"}.Ack())
	}
}

// firstTimes are names that clients have used, as far as the log has named them. Its zero value is ready; any goroutine may
// use it.
type firstTimes struct {
	mu    lockorder.Mutex[firstTimes]
	names map[string]bool
}

// Clients make names up, so the log names only so many of each kind in all, and so many of all kinds because of one client.
const (
	maxNamesLogged          = 50
	maxNamesLoggedPerClient = 5
)

// programName is what programs call an event or a field: one word or two, like "chat message". What people write is longer, as a
// rule, and isNew tells tokens apart by how they begin.
var programName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,29}( [A-Za-z0-9_.:/-]{1,20})?$`)

// isNew reports, once for each name, that the log should name it. Only the member's own handlers may ask.
func (u *firstTimes) isNew(name string, by *member) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.names) == maxNamesLogged || by.namesLogged == maxNamesLoggedPerClient || u.names[name] ||
		!programName.MatchString(name) || strings.HasPrefix(name, "eyJ") {
		return false
	}
	if u.names == nil {
		u.names = make(map[string]bool)
	}
	u.names[name] = true
	by.namesLogged++
	return true
}
