//go:build linux

package attack

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Attack is one hostile thing that is done over and over.
type Attack struct {
	Name string
	// Workers do it at the same time, each with a user of its own unless the attack says otherwise.
	Workers int
	// Addresses is how many addresses the workers come from; none is the honest clients' own.
	Addresses int
	// Pause is how long a worker waits after each time.
	Pause time.Duration
	// Settings are the gateway's, besides the defaults, as NAME=value.
	Settings []string
	// Proxied has everybody come from one address that the gateway believes to be a proxy, also the honest clients, with
	// their own addresses in X-Forwarded-For.
	Proxied bool
	// Database has the gateway store messages, so that it can ask who may join.
	Database bool
	// Sign is the beginning of a metric's name, with its labels, that must rise while the attack goes on. Without that it did not
	// take place. It is empty where the gateway has no word for the attack: then the attackers' count alone proves it, which is of
	// what the gateway has answered, or of more bytes than the kernel keeps for it.
	Sign string

	once func(w *worker) // does it once, as far as the gateway lets it
}

// Find returns the attack of a name.
func Find(name string) (Attack, bool) {
	for _, a := range All {
		if a.Name == name {
			return a, true
		}
	}
	return Attack{}, false
}

// Honest is the address of the honest clients, unless there is a proxy.
var Honest = net.IPv4(127, 0, 3, 1)

// Target is who is attacked.
type Target struct {
	Address string // 127.0.0.1:port
	Secret  string // that the gateway verifies tokens with: attackers may be users
}

// Run attacks until ctx ends, and returns once all connections are closed. did counts what an attacker has brought
// about: connections, requests or packets, as each attack says.
func (a Attack) Run(ctx context.Context, target Target, did *atomic.Int64) {
	var workers sync.WaitGroup
	for i := range a.Workers {
		workers.Go(func() {
			w := &worker{ctx: ctx, target: target, attack: a, index: i, did: did}
			for ctx.Err() == nil {
				a.once(w)
				w.closeAll()
				w.rest(a.Pause)
			}
		})
	}
	workers.Wait()
}
