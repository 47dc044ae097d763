package redisadapter

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Options configure an Adapter. The zero value is a member among official servers with the default options of
// @socket.io/redis-adapter.
type Options struct {
	// Wire is how the servers of the cluster talk. Empty is Classic.
	Wire Wire
	// Prefix is what the names of all channels begin with: `key` of the classic adapter and of @socket.io/redis-emitter,
	// `channelPrefix` of the sharded one. Empty is "socket.io".
	Prefix string
	// Key, of 32 bytes, has everything sealed by AES-256-GCM with a key that is derived from it, between servers of this package:
	// official servers and emitters are not heard then, nor do they understand anything. Whoever can write to Redis without having the key
	// can neither speak nor read, change, repeat or move to another channel what is said, but can drop messages, and say once to a server
	// that has just started what was overheard in the last five minutes. The clocks of servers must not differ by more. Nil sends in the clear.
	Key []byte
	// RequestTimeout is how long answers of other servers are waited for by a context without a deadline. Zero is 5 s, as official
	// servers have it.
	RequestTimeout time.Duration
	// QueueCount and QueueBytes bound what waits to be published, in messages and in bytes. What was heard and waits to be told has the
	// same bounds again. Zero is 100,000 messages and 32 MiB. What does not fit is dropped and counted.
	QueueCount, QueueBytes int
	// MaxMessage is how many bytes a message that is heard may have. Zero is 8 MiB.
	MaxMessage int

	// Others tells whether there are other servers as far as is known otherwise. While there are none, messages are published only
	// if Redis counts others among its subscribers: those who listen to broadcasts without being a server of the namespace
	// (@socket.io/redis-adapter subscribes a channel for requests) are not counted. Nil leaves it to Redis.
	Others func() bool

	// Kept is told of kept events of other servers (see [socketio.Broadcast.Kept]) instead of this server's sockets: it tells these itself by
	// Namespace.Local, in the order that it wants. Nil has kept events told at once. It is called by one goroutine, with the events that came
	// together; the goroutine hears nothing more until it returns, and then uses the slice again. An event may come twice, with the same
	// position: then it is to be dropped. Where nobody can count the servers of a cluster (with Sentinel, replicas, or Redis Cluster) and there
	// is a Key, either all servers set it or none: servers without it would not hear what is published by PublishKept.
	Kept func(ns *socketio.Namespace, events []Kept)
	// ServerEvent is told of events that another server, or an emitter, has sent to the servers by serverSideEmit. Ack is nil unless
	// the other server waits for an answer, which is JSON; it may be called once, from any goroutine and later. Events are told one
	// at a time, and while one is, this server answers no questions of others. Nil answers null.
	ServerEvent func(ns *socketio.Namespace, event string, args []json.RawMessage, ack func(json.RawMessage))
	// Stream is the name of a Redis stream to which the emitter of @socket.io/redis-streams-adapter adds, usually "socket.io". Empty
	// reads none.
	Stream string

	// Observer is told how it goes. Nil tells nobody.
	Observer Observer
}

func (o Options) withDefaults() Options {
	o.Wire = cmp.Or(o.Wire, Classic)
	o.Prefix = cmp.Or(o.Prefix, "socket.io")
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 5*time.Second)
	o.QueueCount = cmp.Or(o.QueueCount, 100_000)
	o.QueueBytes = cmp.Or(o.QueueBytes, 32<<20)
	o.MaxMessage = cmp.Or(o.MaxMessage, 8<<20)
	if o.Observer == nil {
		o.Observer = silent{}
	}
	return o
}

// Observer is told how an Adapter does. Its methods are called from many goroutines, and must not wait.
type Observer interface {
	// Connected: everything is subscribed. Lost: the subscription is no more, and messages are missed until Connected.
	Connected()
	Lost(err error)
	// Dropped counts messages that were not published, or heard and not told. Kept events that were published as one message count as one
	// where they could not be read.
	Dropped(cause Cause, messages int)
	// Stream is told why Options.Stream can't be read, once, and nil when it can again.
	Stream(err error)
	// Bundled counts kept events that were published in one message with others, and understood by all.
	Bundled(events int)
}

// Cause is why messages were dropped.
type Cause string

const (
	// OutFull: there was no room in the queue to Redis. OutFailed: Redis did not take them. OutAway: a kept event while Redis was
	// away, which was not queued. OutInvalid: arguments that are not JSON of at most 100 levels.
	OutFull    Cause = "out_full"
	OutFailed  Cause = "out_failed"
	OutAway    Cause = "out_away"
	OutInvalid Cause = "out_invalid"
	// InFull: they came faster than they were told. InUnreadable: nobody could understand them, or they were larger than
	// Options.MaxMessage. InUnsealed: they were not sealed with Options.Key, or were with another, or there is none, or they were heard
	// before, or the clocks differ too much. InBusy: there were too many questions of other servers at a time.
	InFull       Cause = "in_full"
	InUnreadable Cause = "in_unreadable"
	InUnsealed   Cause = "in_unsealed"
	InBusy       Cause = "in_busy"
)

// Causes are all there are.
var Causes = []Cause{OutFull, OutFailed, OutAway, OutInvalid, InFull, InUnreadable, InUnsealed, InBusy}

type silent struct{}

func (silent) Connected()         {}
func (silent) Lost(error)         {}
func (silent) Dropped(Cause, int) {}
func (silent) Bundled(int)        {}
func (silent) Stream(error)       {}
