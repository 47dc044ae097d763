package chat

import (
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// endings are the logins that have ended lately. They are for a client that was just connecting: its login was found good before, and it was
// not among the sockets yet when these were looked through. They are kept for longer than connecting takes, in two halves, of which the
// elder is forgotten as a whole.
type endings struct {
	mu     lockorder.Mutex[endings]
	recent map[string]*ending // by user
	before map[string]*ending
	turned time.Time
	many   time.Time // when there were last more than are kept: the app is asked about everybody who connects
}

// ending is what has ended of one user.
type ending struct {
	disconnected int64    // when all connections were; nanoseconds since 1970
	asks         bool     // it is not known here which logins: the app is to be asked
	digests      []string // of the logins that have
}

const (
	endingsKept   = time.Minute // at least
	endingsUsers  = 10_000      // in each half
	endingsOfUser = 32          // with more the app is asked
)

// note is called before sockets are looked through. Without digests all connections of the user are to end.
func (e *endings) note(user string, digests ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if now.Sub(e.turned) > endingsKept {
		e.before, e.recent, e.turned = e.recent, make(map[string]*ending), now
	}
	one := e.recent[user]
	if one == nil {
		if len(e.recent) >= endingsUsers {
			e.many = now
			return
		}
		one = new(ending)
		e.recent[user] = one
	}
	if len(digests) == 0 {
		one.disconnected = now.UnixNano()
	}
	for _, digest := range digests {
		switch {
		case digest == anyLogin || len(one.digests) >= endingsOfUser:
			one.asks = true
		case !slices.Contains(one.digests, digest):
			one.digests = append(one.digests, digest)
		}
	}
}

// of returns what has ended of a user lately.
func (e *endings) of(user string) (all ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all.asks = !e.many.IsZero() && time.Since(e.many) < 2*endingsKept
	for _, half := range []map[string]*ending{e.before, e.recent} {
		if one := half[user]; one != nil {
			all.disconnected = max(all.disconnected, one.disconnected)
			all.asks = all.asks || one.asks
			all.digests = append(all.digests, one.digests...)
		}
	}
	return all
}

// endIfEnded closes a new socket whose login ended while it connected. It is called once the socket can be found among the others.
func (c *Chat) endIfEnded(s *socketio.Socket, m *member) {
	ended := c.endings.of(m.ID)
	switch {
	case ended.disconnected >= m.asked:
		c.disconnect(s, m)
	case m.login == nil:
	case slices.Contains(ended.digests, loginDigest(m.login.Login)):
		c.endLogin(s, m)
	case c.options.Logins != nil && (ended.asks || len(ended.digests) > 0):
		r := &recheck{chat: c, told: true}
		r.add(s, m)
		r.ask()
	}
}
