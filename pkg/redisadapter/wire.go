package redisadapter

import "strconv"

// The wires that there are.
const (
	// Classic is @socket.io/redis-adapter's createAdapter, Sharded and ShardedStatic its createShardedAdapter in the
	// subscription modes "dynamic" (its default) and "static".
	Classic       Wire = "classic"
	Sharded       Wire = "sharded"
	ShardedStatic Wire = "sharded-static"
)

// Wire is how servers talk over Redis. All servers of a cluster have the same.
type Wire string

func (w Wire) open(prefix string) (wire, error) {
	switch w {
	case "", Classic:
		return newClassic(prefix), nil
	case Sharded, ShardedStatic:
		return newSharded(prefix, w == ShardedStatic), nil
	}
	return nil, unknownWire(strconv.Quote(string(w)))
}

type unknownWire string

func (w unknownWire) Error() string {
	return "redisadapter: there is no wire " + string(w) + ": it is classic, sharded or sharded-static"
}

// wire is the language of a cluster. Its methods may be called by many goroutines at once. Namespaces are named by ns.
type wire interface {
	name() string // of this server: its uid
	newRequest() string
	subscriptions(ns string) []subscription
	// roomSubscription is what must be subscribed while a room has members here.
	roomSubscription(ns, room string) (s subscription, ok bool)
	// counted is a channel that every server of the namespace subscribes by its name.
	counted(ns string) string
	// own is a channel of the namespace that this server alone subscribes, after the one above.
	own(ns string) string
	encode(ns string, m *message) (channel string, payload []byte, err error)
	decode(ns, channel string, payload []byte) (message, error)
	isAnswer(ns, channel string) bool
	// isOwn tells of some messages that this server has sent them, and glance the one room that a broadcast is for, or "", and the
	// order of a kept one: what can be known without decoding.
	isOwn(ns string, payload []byte) bool
	glance(ns, channel string, payload []byte) (room string, o *order)
}
