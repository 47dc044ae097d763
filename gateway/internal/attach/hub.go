package attach

import (
	"bufio"
	"cmp"
	"container/list"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Hub has the clients, and the links that take turns in serving them. It is an engineio.Handler.
type Hub struct {
	options   Options
	began     time.Time
	heldBytes atomic.Int64
	waits     atomic.Int64                        // clients in returning and fresh
	asks      atomic.Bool                         // the app wants to be asked about handshakes, as it said last
	listens   atomic.Bool                         // and told of requests that are turned away
	cors      atomic.Pointer[engineio.CORSFields] // of the app's cors option, as it said last
	greeting  atomic.Int64                        // connections that have not said hello
	questions questions
	memory    memory
	words     words

	own      *socketio.Namespace // that the gateway has handlers in; nil where everything is the app's
	gate     Gate
	ownSpace *space // names it

	mu        lockorder.Mutex[Hub]
	clients   map[uint64]*client
	sessions  map[*engineio.Session]*client // where the gateway has handlers of its own
	number    uint64                        // of the last client
	links     []*link                       // that have said hello, in the order of coming
	spaces    map[string]*space             // by name
	returning list.List                     // of clients that wait and have sockets
	fresh     list.List                     // of clients that wait and have none
	arrivals  uint64                        // of clients in these two
	turned    int                           // requests of this second that an app was told of
	turnedIn  time.Duration                 // which second that is
	attached  chan struct{}                 // closed when a link becomes ready, and made anew
	byPID     map[string]*socket            // those that clients may come back for
	absent    absences
	served    time.Time             // when there was a ready link last
	differing string                // what was logged last of the app's options
	refusals  map[Refusal]time.Time // when each was logged last
	draining  bool

	open    context.Context // ended by Drain
	shut    context.CancelFunc
	life    context.Context // ended by Close
	endLife context.CancelFunc
	running sync.WaitGroup // the other goroutines
	serving sync.WaitGroup // connections of apps
}

// New makes a hub without links. Close ends it.
func New(o Options) *Hub {
	h := &Hub{
		options: o.withDefaults(), began: time.Now(), clients: make(map[uint64]*client), spaces: make(map[string]*space),
		sessions: make(map[*engineio.Session]*client), byPID: make(map[string]*socket),
		words:    words{numbers: make(map[string]uint64)},
		attached: make(chan struct{}), served: time.Now(), refusals: make(map[Refusal]time.Time),
	}
	h.memory.name, h.memory.most = newNonce()[:6], int64(h.options.RecoveryBuffer)
	h.absent.init()
	h.open, h.shut = context.WithCancel(context.Background())
	h.life, h.endLife = context.WithCancel(context.Background())
	h.running.Go(h.sweep)
	return h
}

// Serve lets apps in at a listener until that is closed, and returns at once. Close waits for them.
func (h *Hub) Serve(l net.Listener) {
	h.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				if isTemporary(err) {
					time.Sleep(50 * time.Millisecond)
					continue
				}
				return
			}
			if h.greeting.Add(1) > maxHellos {
				h.greeting.Add(-1)
				conn.Close()
				continue
			}
			h.serving.Go(func() { h.serve(conn) })
		}
	})
}

// isTemporary tells of an accept loop's error whether the next try may do: where there are too many files, say.
func isTemporary(err error) bool {
	temporary, ok := err.(interface{ Temporary() bool })
	return ok && temporary.Temporary()
}

// serve is a connection's goroutine.
func (h *Hub) serve(conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(h.open, func() { conn.Close() })
	hello, answer, why := h.greet(conn)
	h.greeting.Add(-1)
	stop()
	l := newLink(h, hello, conn)
	if why == "" {
		if why = h.attach(l, answer); why != "" {
			refuse(conn, why)
		}
	}
	if why != "" {
		h.refused(conn, why)
		return
	}
	stop = context.AfterFunc(h.life, func() { l.end(ShutDown) })
	defer stop()
	var writer sync.WaitGroup
	writer.Go(l.write)
	l.end(l.read(bufio.NewReaderSize(pulse{l}, 64<<10)))
	writer.Wait()
	h.detach(l)
}

// refused counts a connection that was not let in. The log has each reason once a minute, since whoever reaches the port could fill it.
func (h *Hub) refused(conn net.Conn, why Refusal) {
	h.options.Observer.AppRefused(why)
	h.mu.Lock()
	due := time.Since(h.refusals[why]) >= time.Minute
	if due {
		h.refusals[why] = time.Now()
	}
	h.mu.Unlock()
	if due {
		h.options.Logger.Warn("an app was not let in", "code", string(why), "peer", conn.RemoteAddr().String(), "why", refusalTexts[why])
	}
}

// attach makes a link known, and its answer to the app's hello the first that it says.
func (h *Hub) attach(l *link, answer []byte) (why Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return Draining
	case len(h.links) >= maxApps:
		return TooManyApps
	}
	for _, other := range h.links {
		if other.hello.App == l.hello.App {
			other.end(AppReplaced)
		}
	}
	l.put(answer)
	h.links = append(h.links, l)
	h.asks.Store(l.hello.Asks)
	h.listens.Store(l.hello.Listens)
	h.cors.Store(corsFields(l.hello.Options.CORS))
	h.memory.window.Store(int64(min(time.Duration(max(0, min(l.hello.Options.Recovery, longestWindow.Milliseconds())))*time.Millisecond, longestWindow)))
	h.options.Logger.Info("an app has dialled", "app", l.hello.App, "package", l.hello.Package, "socket.io", l.hello.Server, "peer", l.conn.RemoteAddr().String())
	h.compare(l.hello.Options)
	return ""
}

// detach takes a link that has ended off the list. Its clients wait for the next one.
func (h *Hub) detach(l *link) {
	unsent, why := l.unsent()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links = slices.DeleteFunc(h.links, func(other *link) bool { return other == l })
	if l.ready {
		l.ready, h.served = false, time.Now()
	}
	clients := h.clientsOf(l)
	l.clients = 0
	for _, c := range clients {
		if !h.sendAway(c, l) {
			h.reclaim(c, unsent[c.number])
		}
	}
	h.releaseSessions(l)
	for _, other := range h.links {
		if !other.told {
			other.since = h.arrivals
		}
	}
	h.options.Observer.AppLinkEnded(why)
	h.options.Logger.Info(goneText(l), "app", l.hello.App, "reason", string(why), "clients", len(clients), "links", len(h.links))
	h.tellPeers()
	h.presentWaiting()
}

// clientsOf returns the clients of a link in the order in which they came. mu is held.
func (h *Hub) clientsOf(l *link) (clients []*client) {
	for _, c := range h.clients {
		if c.owner.Load() == l {
			clients = append(clients, c)
		}
	}
	slices.SortFunc(clients, func(a, b *client) int { return cmp.Compare(a.number, b.number) })
	return clients
}

// becomeReady has clients presented to a link from now on.
func (h *Hub) becomeReady(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.ready || h.draining {
		return
	}
	l.ready, l.since = true, h.arrivals
	close(h.attached)
	h.attached = make(chan struct{})
	h.options.Logger.Info("an app is ready", "app", l.hello.App, "waiting", h.returning.Len()+h.fresh.Len())
	h.tellPeers()
	h.presentWaiting()
}

// bid says goodbye to a link whose app wants to leave: the app still handles what it was given, and what its clients say from now on is held.
func (h *Hub) bid(l *link) {
	h.mu.Lock()
	if l.ready {
		l.ready, h.served = false, time.Now()
	}
	for _, c := range h.clientsOf(l) {
		if !h.sendAway(c, l) {
			c.pause()
		}
	}
	h.tellPeers()
	h.mu.Unlock()
	l.bye()
}

// Ready tells whether an app is there, and since when not.
func (h *Hub) Ready() (ok bool, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.links, func(l *link) bool { return l.ready }), h.served
}

// Stats are numbers of the moment.
type Stats struct {
	Links   int // that are ready
	Waiting int // clients without a link
	Held    int // bytes that wait for one, or for room in one
	Absent  int // sockets whose clients may come back for them
	Kept    int // bytes of events for these
}

// Stats returns the numbers of the moment.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{Waiting: h.returning.Len() + h.fresh.Len(), Held: int(h.heldBytes.Load()), Absent: h.absent.order.Len(), Kept: int(h.memory.bytes.Load())}
	for _, l := range h.links {
		if l.ready {
			s.Links++
		}
	}
	return s
}

// Rooms returns how many rooms have members.
func (h *Hub) Rooms() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, sp := range h.spaces {
		sp.mu.Lock()
		n += len(sp.rooms)
		sp.mu.Unlock()
	}
	return n
}

// Drain lets in no more apps and tells those that are there that clients will come back elsewhere.
func (h *Hub) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return
	}
	h.draining = true
	h.shut()
	for _, l := range h.links {
		l.put(frame(opDraining))
	}
}

// Close ends all links once what is queued for them has been written, or ctx ends, and waits for every goroutine of the hub. The
// listeners and the engine have been closed before.
func (h *Hub) Close(ctx context.Context) error {
	h.Drain()
	h.mu.Lock()
	for _, l := range h.links {
		l.finish()
	}
	h.mu.Unlock()
	gone := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { h.serving.Wait(); close(gone) })
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = ctx.Err()
	}
	h.endLife()
	all.Wait()
	h.running.Wait()
	return err
}
