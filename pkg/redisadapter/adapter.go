package redisadapter

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Adapter is a [socketio.Cluster]. Its methods may be called from any goroutine.
type Adapter struct {
	options Options
	client  rueidis.Client
	wire    wire
	seal    *seal

	subscriber *subscriber
	up         atomic.Bool // everything is subscribed, or was and only more has been asked for
	beat       beat
	bundled    string // what the channels of bundles begin with

	before        heard  // belongs to listen
	heardTogether []Kept // is used again by hearBundle
	out           *queue[outgoing]
	in            *queue[incoming]
	errands       chan func()
	asking        chan struct{} // one for each question of others whose clients have not all acked
	questions     questions

	stop    context.CancelFunc // of all but the publisher
	stopped <-chan struct{}    // closed by stop
	running sync.WaitGroup
	flush   chan struct{}      // closed when nothing more will be published
	flushed chan struct{}      // closed when all is
	life    context.Context    // of what the publisher does
	giveUp  context.CancelFunc // of life

	mu         lockorder.RWMutex[Adapter]
	namespaces map[string]*socketio.Namespace
	routes     map[string]string // from a subscription's name to the namespace
}

// New starts an adapter, which subscribes by itself, now and whenever it has lost its connection. The error is about the options;
// it does not wait for Redis. The client stays the caller's, who closes it after Shutdown. It should have deadlines
// (Dialer.Timeout, ConnWriteTimeout) of a few seconds and one connection (PipelineMultiplex: -1), so that what is published stays in
// order; RESP2 is not supported.
func New(client rueidis.Client, o Options) (*Adapter, error) {
	o = o.withDefaults()
	w, err := o.Wire.open(o.Prefix)
	if err != nil {
		return nil, err
	}
	sealing, err := newSeal(o.Key, w.name())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	life, giveUp := context.WithCancel(context.Background())
	a := &Adapter{
		options: o, client: client, wire: w, seal: sealing,
		subscriber: newSubscriber(client),
		bundled:    o.Prefix + bundleChannel,
		out:        newQueue[outgoing](o.QueueCount, o.QueueBytes),
		in:         newQueue[incoming](o.QueueCount, o.QueueBytes),
		errands:    make(chan func(), maxErrands),
		asking:     make(chan struct{}, maxAsking),
		questions:  questions{byID: make(map[string]*queue[message]), servers: make(map[string]map[string]bool)},
		stop:       stop, stopped: ctx.Done(), flush: make(chan struct{}), flushed: make(chan struct{}),
		life: life, giveUp: giveUp,
		namespaces: make(map[string]*socketio.Namespace),
		routes:     make(map[string]string),
	}
	a.beat.at = beatSubscription(o, w)
	a.subscribe()
	go a.publish()
	a.running.Go(func() { a.subscriber.run(ctx) })
	a.running.Go(func() { a.listen(ctx) })
	a.running.Go(func() { a.run(ctx) })
	if o.Stream != "" {
		a.running.Go(func() { a.readStream(ctx) })
	}
	return a, nil
}

func (a *Adapter) subscribe() {
	s := a.subscriber
	s.shards = a.options.Wire != Classic
	s.heard = a.heard
	s.speak = func(ctx context.Context) error {
		p := publisher{Adapter: a}
		return a.client.Do(ctx, p.command(publication{channel: a.beat.at.name})).Error()
	}
	s.check = func() error { return a.beat.check(a) }
	s.connected = func() {
		a.up.Store(true)
		a.options.Observer.Connected()
	}
	s.lost = func(err error) {
		a.up.Store(false)
		a.options.Observer.Lost(err)
	}
	s.want(true, a.beat.at)
}

// Name is this server's uid in the cluster, by which others know it. It is new with every Adapter.
func (a *Adapter) Name() string { return a.wire.name() }

// Subscribed returns when everything is subscribed, that of the namespaces that were opened before the call: what other servers
// publish from then on is heard. The error is that of ctx.
func (a *Adapter) Subscribed(ctx context.Context) error { return a.subscriber.wait(ctx) }

// Connected tells whether this server hears the others, as far as is known: a connection that is dead may count for 3 s. A room or a
// namespace that is new may take a moment more.
func (a *Adapter) Connected() bool { return a.up.Load() }

// Resubscribe has other connections be made for what is subscribed: a name may lead to another server by now. It returns at once.
func (a *Adapter) Resubscribe() {
	select {
	case a.subscriber.again <- struct{}{}:
	default:
	}
}

// Shutdown publishes what is queued, and ends all that New has started. When ctx ends first, the rest is not published and its
// error is returned. Nothing may be called any more.
func (a *Adapter) Shutdown(ctx context.Context) error {
	a.stop()
	a.running.Wait()
	close(a.flush)
	defer a.giveUp()
	select {
	case <-a.flushed:
		return nil
	case <-ctx.Done():
		a.giveUp() // of a long queue each part has a deadline of its own
		<-a.flushed
		return ctx.Err()
	}
}

// Open is for socketio.
func (a *Adapter) Open(ns *socketio.Namespace) {
	subscriptions := a.subscriptions(ns.Name())
	a.mu.Lock()
	a.namespaces[ns.Name()] = ns
	for _, one := range subscriptions {
		a.routes[one.name] = ns.Name()
	}
	a.mu.Unlock()
	a.subscriber.want(true, subscriptions...)
}

// Close is for socketio.
func (a *Adapter) Close(ns *socketio.Namespace) {
	subscriptions := a.subscriptions(ns.Name())
	a.mu.Lock()
	delete(a.namespaces, ns.Name())
	for _, one := range subscriptions {
		delete(a.routes, one.name)
	}
	a.mu.Unlock()
	a.subscriber.want(false, subscriptions...)
}

// subscriptions are those of the wire, and that of bundles where what comes twice is dropped.
func (a *Adapter) subscriptions(ns string) []subscription {
	list := a.wire.subscriptions(ns)
	if a.options.Kept == nil {
		return list
	}
	return append(list, subscription{list[len(list)-1].by, a.options.bundles(ns)})
}

// RoomOpened and RoomClosed are for socketio.
func (a *Adapter) RoomOpened(ns *socketio.Namespace, room string) {
	if one, ok := a.wire.roomSubscription(ns.Name(), room); ok {
		a.mu.Lock()
		a.routes[one.name] = ns.Name()
		a.mu.Unlock()
		a.subscriber.want(true, one)
	}
}

// RoomClosed is the reverse of RoomOpened.
func (a *Adapter) RoomClosed(ns *socketio.Namespace, room string) {
	if one, ok := a.wire.roomSubscription(ns.Name(), room); ok {
		a.mu.Lock()
		delete(a.routes, one.name)
		a.mu.Unlock()
		a.subscriber.want(false, one)
	}
}

func (a *Adapter) namespace(name string) *socketio.Namespace {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.namespaces[name]
}

// route returns the namespace of a subscription, or nil.
func (a *Adapter) route(subscribed string) *socketio.Namespace {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.namespaces[a.routes[subscribed]]
}

// Broadcast is for socketio.
func (a *Adapter) Broadcast(ns *socketio.Namespace, to socketio.Target, event string, args []json.RawMessage) {
	m := message{kind: broadcast, to: to, event: event, args: args}
	if to.Offset != 0 {
		m.order = &order{position: to.Offset}
	}
	a.send(ns, m)
}

// PublishKept tells other servers of a kept event whose offset is to.Offset, and which event was kept before it; official servers
// hear it as any other. Those that are queued together go as one message where all who hear it are servers of this package. Nothing
// happens here: the caller tells this server's own sockets. Like Broadcast it does not wait; while Redis is away, nothing is queued.
// Whoever has not heard it can find that out by the previous one, and is to look for it elsewhere.
func (a *Adapter) PublishKept(ns *socketio.Namespace, to socketio.Target, previous socketio.Offset, event string, args []json.RawMessage) {
	if !a.up.Load() {
		a.options.Observer.Dropped(OutAway, 1)
		return
	}
	a.send(ns, message{kind: broadcast, to: to, event: event, args: args, order: &order{to.Offset, previous}})
}

// Join is for socketio, as are Leave and Disconnect.
func (a *Adapter) Join(ns *socketio.Namespace, to socketio.Target, rooms []string) {
	a.send(ns, message{kind: join, to: to, rooms: rooms})
}

// Leave is for socketio.
func (a *Adapter) Leave(ns *socketio.Namespace, to socketio.Target, rooms []string) {
	a.send(ns, message{kind: leave, to: to, rooms: rooms})
}

// Disconnect is for socketio.
func (a *Adapter) Disconnect(ns *socketio.Namespace, to socketio.Target, closes bool) {
	a.send(ns, message{kind: disconnect, to: to, closes: closes})
}

// ServerSideEmit sends an event to all other servers of the namespace, which are told of it by Options.ServerEvent, or by
// `io.on(event)` where they are official ones. Arguments are JSON. It does not wait.
func (a *Adapter) ServerSideEmit(ns *socketio.Namespace, event string, args ...json.RawMessage) error {
	if reservedForServers[event] {
		return errReserved
	}
	a.send(ns, message{kind: serverEvent, event: event, args: args})
	return nil
}

var errReserved = errors.New("redisadapter: servers can't send each other an event of this name")

var reservedForServers = map[string]bool{"connect": true, "connection": true, "new_namespace": true}

// send queues a message. It is encoded by the publisher, if somebody is to hear it.
func (a *Adapter) send(ns *socketio.Namespace, m message) {
	if !a.out.add(outgoing{ns: ns.Name(), message: m}, m.size()) {
		a.options.Observer.Dropped(OutFull, 1)
	}
}

// within gives a question its time, unless it has one.
func (a *Adapter) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, a.options.RequestTimeout)
}

// Verify at compile time that socketio can use it.
var (
	_ socketio.Cluster     = (*Adapter)(nil)
	_ socketio.RoomWatcher = (*Adapter)(nil)
)
