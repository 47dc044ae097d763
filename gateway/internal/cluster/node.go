package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/redisadapter"
)

// Times of a node. A gateway that is killed is found out within lease + renewal, and its members are off the lists within a step more.
const (
	lease   = 3 * time.Second
	renewal = time.Second
	// patience bounds each exchange with Redis: what is late by more than a renewal counts as an outage.
	patience = time.Second
)

// loadsAtOnce is how many rooms are read, and auditsAtOnce how many are compared, in one exchange.
const (
	loadsAtOnce  = 100
	auditsAtOnce = 500
)

// Node is this gateway among the others. It promises that
//
//   - who is in a room at another node is on the lists here as long as that node has a lease, and for 5 s after its clients were closed by a
//     drain unless they come back sooner;
//   - lists are as Redis has them within 5 s of a kill, a flush, a restart or a failover, and nobody leaves a list because of the last
//     three;
//   - while Redis is away lists stay as they were, and nothing here waits for it but a join, for at most a second.
//
// Its methods may be called from any goroutine, but for Close, which is called once.
type Node struct {
	medium  medium
	options Options
	name    string // of this process, through all its epochs
	user    userLimit

	mu     lockorder.Mutex[Node]
	view   *view
	serve  func([]presence.Change)
	heed   func([]Act)
	move   func()
	health health

	write, read, told chan struct{} // each holds one: there is something to do
	asked             chan struct{} // closed once Redis has answered, or has not in time
	ctx               context.Context
	cancel            context.CancelFunc
	running           sync.WaitGroup
	said, acts        chan []byte // acts of this node, and of all
}

// Options say what nodes have in common. Only Prefix must be set.
type Options struct {
	// Prefix is what all keys and channels begin with: REDIS_PREFIX.
	Prefix string
	// Key of 32 bytes seals what travels, and the names that lie in Redis. Empty is no seal.
	Key []byte
	// Secrets is a fingerprint of what all nodes must have in common, which the others read; see CompareSecrets. Empty tells nothing.
	Secrets string
	// ConnectionsPerUser is MAX_CONNECTIONS_PER_USER, of which each node tells the others when somebody has an eighth. 0 is no limit.
	ConnectionsPerUser int
	// Order reports whether messages come in their order; part of Ready. It may be nil.
	Order func() error
	// Logger may not be nil.
	Logger *slog.Logger
}

// Open makes a node of this process, and returns when Redis has answered it, or a second later: who comes in from then on is told of those
// who are elsewhere. The client is the node's own from now on, which Close closes.
func Open(client rueidis.Client, o Options) (*Node, error) {
	name := newEpoch()
	seal, err := redisadapter.NewSealer(o.Key, name)
	if err != nil {
		return nil, err
	}
	n := start(newServer(client, o, name, seal), name, o)
	<-n.asked
	return n, nil
}

func start(m medium, name string, o Options) *Node {
	ctx, cancel := context.WithCancel(context.Background())
	now := time.Now()
	n := &Node{
		medium: m, options: o, name: name, view: newView(lease, now),
		write: make(chan struct{}, 1), read: make(chan struct{}, 1), told: make(chan struct{}, 1), asked: make(chan struct{}),
		ctx: ctx, cancel: cancel, said: make(chan []byte, actsQueue), acts: make(chan []byte, actsQueue),
	}
	n.health.begin(now)
	n.user.begin(o.ConnectionsPerUser)
	if o.ConnectionsPerUser > 0 {
		n.view.open(connections)
	}
	n.running.Go(n.keepLease)
	n.running.Go(n.writing)
	n.running.Go(n.reading)
	n.running.Go(n.telling)
	n.running.Go(n.listening)
	n.running.Go(n.probing)
	n.running.Go(n.saying)
	n.running.Go(n.acting)
	return n
}

// newEpoch is a name that nobody has had.
func newEpoch() string {
	var b [epochLen / 2]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Serve is of [presence.Others], as Open, Forget, Entered and Left are: presence.Rosters calls them.
func (n *Node) Serve(elsewhere func([]presence.Change)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serve = elsewhere
}

// Open has a room followed.
func (n *Node) Open(room string) (opening uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer signal(n.read)
	return n.view.open(room)
}

// Forget has a room followed no more.
func (n *Node) Forget(room string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.view.close(room)
}

// Entered lists a person for the others.
func (n *Node) Entered(room string, p *contract.Person) {
	value := encodePerson(p)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.view.enter(room, p.ID, value)
	signal(n.write)
	signal(n.told)
}

// Left has a person be listed no more.
func (n *Node) Left(room, user string, away bool) (lingers bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer signal(n.write)
	return n.view.leave(room, user, away, time.Now())
}

// Drain begins the end: a user whose client is closed from now on stays on the lists until the client has come back elsewhere, or for 5 s. It
// asks Redis who else is there, since a gateway that has only just started has told nobody yet. And it tells the others that this node ends,
// so that those that end as well do not take users for safe who are listed here. That takes two seconds at most.
func (n *Node) Drain() {
	var there map[string]uint64
	if !n.health.isAway() {
		ctx, cancel := context.WithTimeout(n.ctx, patience)
		there, _ = n.medium.sequences(ctx) // whoever is known already is there
		cancel()
	}
	var epoch string
	n.locked(func(v *view) {
		v.drain(slices.Collect(maps.Keys(there)), time.Now())
		epoch = v.epoch
	})
	if there != nil {
		n.tellEnd(epoch)
	}
}

// tellEnd tells the others that this node ends. A node that does not hear it lists nobody for longer because of that.
func (n *Node) tellEnd(epoch string) { n.tellAll(append([]byte{saysEnds}, epoch...)) }

// Close takes this node out: it waits until those who linger have come back or their time is over, and has the others told. When ctx ends
// earlier, the others find out by its lease. It is called when nobody enters any more.
func (n *Node) Close(ctx context.Context) error {
	err := n.leaveAll(ctx)
	n.cancel()
	n.running.Wait()
	n.medium.close()
	return err
}

func (n *Node) leaveAll(ctx context.Context) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		n.mu.Lock()
		n.view.linger(time.Now(), false)
		lingering, epoch := n.view.lingering(), n.view.epoch
		if lingering == 0 {
			n.view.leaveAll()
		}
		rest := len(n.view.dirty)
		n.mu.Unlock()
		signal(n.write)
		if end, limited := ctx.Deadline(); limited && lingering > 0 && time.Until(end) < time.Second {
			return nil // they are listed until the lease ends: who is left has no time to wait for them
		}
		if n.health.isAway() { // nobody can be told, and the lease ends by itself
			return nil
		}
		if lingering == 0 && rest == 0 && !n.health.isWriting() {
			return n.end(ctx, epoch)
		}
		select {
		case <-look.C:
		case <-n.ctx.Done():
			return nil
		case <-ctx.Done():
			return fmt.Errorf("take this gateway off the member lists: %w", ctx.Err())
		}
	}
}

func (n *Node) end(ctx context.Context, epoch string) error {
	if epoch == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := n.medium.tell(ctx, append([]byte{saysOver}, epoch...)); err != nil {
		return err
	}
	return n.medium.end(ctx, epoch)
}

// signal wakes who waits for something to do.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
