package cluster

import (
	"errors"
	"strings"
	"time"
)

// sayAgain is how long the log is not told of a trouble that it was told of.
const sayAgain = time.Minute

// trouble is what this node says of one that lasts, and does about it. It belongs to keepLease.
type trouble struct {
	ready time.Time // when this node was ready last
	said  time.Time // when the log was told last
	open  bool      // it was told, and not yet that it is over
	moved time.Time // when the connections were made anew, and how long they are then left as they are
	rest  time.Duration
	split time.Time // when the log was told of a gateway on another database
}

// saysOf is what the log is told of a part that is not ready.
var saysOf = map[string]string{
	PartRedis:    "Redis is away: member lists stay as they are, and this gateway is not ready",
	PartPresence: "this gateway is not ready: what gateways tell each other of members does not come through Redis (socketgate check tries what REDIS_URL's user may do)",
	PartOrder:    "this gateway is not ready: messages of others are missing",
}

// attend is called after each attempt to renew the lease, with its error.
func (n *Node) attend(t *trouble, err error, now time.Time) {
	n.follow(t, err, now)
	n.saySplit(t, now)
	var fault *NotReady
	switch errors.As(n.Ready(), &fault); {
	case fault == nil:
		if t.ready = now; t.open {
			t.open = false
			n.options.Logger.Info("this gateway is ready again")
		}
		n.health.cause.Store(nil)
	case !t.open && now.Sub(t.ready) > lease && (t.said.IsZero() || now.Sub(t.said) > sayAgain) && n.ctx.Err() == nil:
		t.open, t.said = true, now
		n.options.Logger.Warn(saysOf[fault.Part], "error", fault.Err, "cause", n.health.lastCause())
	}
}

// follow has all connections be made anew where the server has become a replica: what REDIS_URL names may be another one by now. (Sentinels and
// Redis Cluster say who is the master. A provider changes what a name leads to, and the old one goes on answering.)
func (n *Node) follow(t *trouble, err error, now time.Time) {
	switch {
	case err == nil:
		t.rest = 0
	case strings.Contains(err.Error(), "READONLY") && now.Sub(t.moved) >= t.rest:
		t.moved, t.rest = now, min(max(2*t.rest, lease), time.Minute)
		n.mu.Lock()
		move := n.move
		n.mu.Unlock()
		if move != nil {
			n.options.Logger.Warn("Redis takes no writes, since it is a replica: connections are made anew, to the server that REDIS_URL leads to now", "error", err)
			move()
		}
	}
}

// saySplit tells the log of others who write where this node does not read: what is published goes to all databases of a server.
func (n *Node) saySplit(t *trouble, now time.Time) {
	n.mu.Lock()
	strange := n.view.strange
	n.view.strange = false
	n.mu.Unlock()
	if strange && (t.split.IsZero() || now.Sub(t.split) > sayAgain) {
		t.split = now
		n.options.Logger.Warn("a gateway tells of its members that has no lease in this database of Redis: REDIS_URL must end in the same database number for all gateways")
	}
}

// Move has move be called when the server has become a replica: connections are to be made anew, the node's client's too. It must not
// wait for long.
func (n *Node) Move(move func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.move = move
}
