package cluster

import (
	"strconv"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// connections is the room that holds, for each user of many connections, how many there are at a node. No client's room does: see contract.IsInternal.
const connections = "\x00connections"

// userLimit counts the connections of each user, here and at the other nodes. A node tells the others of a user from an eighth of the limit
// on, and again at each further eighth: most users cost nothing, and a second tab no message. So a user may go beyond the limit by up to an
// eighth for each further node, and by what connects at several nodes in the same moment.
type userLimit struct {
	step int // an eighth; 0 is no limit

	mu    lockorder.Mutex[userLimit]
	here  map[string]int
	there map[string]int
}

func (l *userLimit) begin(most int) {
	if most > 0 {
		l.step = max(1, most/8)
		l.here, l.there = make(map[string]int), make(map[string]int)
	}
}

// Connected counts one connection of a user.
func (n *Node) Connected(user string) { n.countConnection(user, +1) }

// Disconnected counts out what Connected counted in.
func (n *Node) Disconnected(user string) { n.countConnection(user, -1) }

func (n *Node) countConnection(user string, change int) {
	before, now := n.user.count(user, change)
	if before == now {
		return
	}
	n.locked(func(v *view) {
		// Another connection may have been counted since: the latest number is told.
		if now = n.user.told(user); now > 0 {
			v.enter(connections, user, strconv.Itoa(now))
		} else {
			v.leave(connections, user, false, v.lenient)
		}
	})
}

// Elsewhere is how many connections a user has at other nodes, as far as they have told.
func (n *Node) Elsewhere(user string) int {
	if n.user.step == 0 {
		return 0
	}
	n.user.mu.Lock()
	defer n.user.mu.Unlock()
	return n.user.there[user]
}

// count changes a user's number here, and returns what is told of it, before and now.
func (l *userLimit) count(user string, change int) (before, now int) {
	if l.step == 0 {
		return 0, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.here[user] / l.step * l.step
	if l.here[user] += change; l.here[user] <= 0 {
		delete(l.here, user)
	}
	return before, l.here[user] / l.step * l.step
}

func (l *userLimit) told(user string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.here[user] / l.step * l.step
}

// told reads what a node has told; nothing is 0.
func told(value string) int {
	n, _ := strconv.Atoi(value)
	return max(0, min(n, 1<<20))
}

// elsewhere takes a change at another node.
func (l *userLimit) elsewhere(c change) {
	if c.loaded || l.step == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.there[c.user] += told(c.value) - told(c.before); l.there[c.user] <= 0 {
		delete(l.there, c.user)
	}
}
