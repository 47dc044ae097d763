package socketio

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// The rooms of the model: every event goes to one or two of them.
var modelRooms = []string{"a", "b", "c", "d", "e"}

// world is a server that is killed now and then, what it has told, and what it writes down.
type world struct {
	t      *testing.T
	buffer int

	mu     sync.RWMutex // held to read while the server is used
	server *Server
	root   *Namespace

	logMu sync.Mutex
	log   []modelEvent // by offset

	sessions *savedSessions
	counts   counts
}

type modelEvent struct {
	offset Offset
	rooms  []string
}

// witness is the session of a socket that is in all rooms and never goes: what it hears is the log.
type witness struct {
	noSession
	world *world
}

func (w *witness) Send(packets ...*engineio.Packet) error {
	for _, p := range packets {
		if offset, rooms, ok := readModelEvent(w.world.t, p); ok {
			w.world.logMu.Lock()
			w.world.log = append(w.world.log, modelEvent{offset, rooms})
			w.world.logMu.Unlock()
		}
	}
	return nil
}

func readModelEvent(t *testing.T, p *engineio.Packet) (offset Offset, rooms []string, ok bool) {
	_, data := p.Payload()
	text, isEvent := strings.CutPrefix(string(data), `42["said",`)
	if !isEvent {
		return 0, nil, false
	}
	var args []json.RawMessage
	if err := json.Unmarshal([]byte("["+text), &args); err != nil || len(args) != 2 || json.Unmarshal(args[0], &rooms) != nil {
		t.Errorf("heard %s", data)
		return 0, nil, false
	}
	var written string
	json.Unmarshal(args[1], &written)
	return number(t, written), rooms, true
}

// Missed is a Log of all that was told.
func (w *world) Missed(_ context.Context, _ *Namespace, gaps []Gap, through Offset, limit int) (kept []*Kept, err error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	for _, e := range w.log {
		if e.offset <= through && slices.ContainsFunc(gaps, func(g Gap) bool { return e.offset > g.After && slices.Contains(e.rooms, g.Room) }) {
			kept = append(kept, NewKept(e.offset, e.rooms, "said", e.rooms))
		}
	}
	return kept, nil
}

// restart puts a new server in the place of the old one, which is not told, as if its process were killed.
func (w *world) restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var head Offset
	if w.server != nil {
		head = w.server.recovery.reached()
	}
	server := NewServer(Options{Recovery: &Recovery{
		Buffer: w.buffer, Limit: 1 << 20, Secret: []byte("secret"), Head: head, Log: w, Sessions: w.sessions, Observer: &w.counts,
	}})
	server.recovery.most = 1 << 30
	w.server = server
	w.t.Cleanup(func() { server.Shutdown(context.Background()) })
	w.sessions.generation.Add(1)
	w.root = w.server.Of("/")
	witness := w.server.newConn(&witness{world: w}, &Handshake{})
	w.root.OnConnect(func(s *Socket) {
		if s.conn == witness {
			for _, room := range modelRooms {
				s.Join(room)
			}
		}
	})
	witness.Message([]byte("0"), false)
}

// line is the session of a client that may be cut off.
type line struct {
	noSession

	mu      sync.Mutex
	arrived []*engineio.Packet
	closed  atomic.Bool
}

func (l *line) Send(packets ...*engineio.Packet) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived = append(l.arrived, packets...)
	return nil
}

func (l *line) Close(Reason) { l.closed.Store(true) }

// take returns a part of what has arrived.
func (l *line) take(most int) []*engineio.Packet {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(most, len(l.arrived))
	some := l.arrived[:n:n]
	l.arrived = l.arrived[n:]
	return some
}

// stayed is when a client was in a room: surely from joined to left, and possibly from joining to leaving.
type stayed struct {
	room                           string
	joining, joined, left, leaving Offset
}

const never = ^Offset(0)

// wanderer is a client that is cut off again and again.
type wanderer struct {
	world  *world
	random *rand.Rand

	server       *Server
	conn         *conn
	line         *line
	sid, pid     string
	offset       Offset
	heard        []modelEvent
	in           map[string]*stayed
	stays        []*stayed
	resumed, new int
}

func (c *wanderer) connect() {
	c.world.mu.RLock()
	defer c.world.mu.RUnlock()
	c.server, c.line = c.world.server, &line{}
	c.conn = c.server.newConn(c.line, &Handshake{})
	payload := ""
	if c.pid != "" {
		payload = fmt.Sprintf(`{"pid":%q,"offset":%q}`, c.pid, c.offset.text())
		if c.offset == 0 {
			payload = fmt.Sprintf(`{"pid":%q}`, c.pid)
		}
	}
	c.conn.Message([]byte("0"+payload), false)
}

// hears takes a part of what has arrived.
func (c *wanderer) hears(most int) {
	for _, p := range c.line.take(most) {
		_, data := p.Payload()
		if reply, ok := strings.CutPrefix(string(data), "40"); ok {
			c.welcomed(reply)
			continue
		}
		offset, rooms, ok := readModelEvent(c.world.t, p)
		if !ok {
			continue
		}
		if offset <= c.offset {
			c.world.t.Errorf("heard offset %s after %s", offset.text(), c.offset.text())
		}
		c.offset = offset
		c.heard = append(c.heard, modelEvent{offset, rooms})
	}
}

func (c *wanderer) welcomed(reply string) {
	var ids struct{ SID, PID string }
	json.Unmarshal([]byte(reply), &ids)
	switch {
	case c.pid == ids.PID:
		c.resumed++
	case c.pid != "":
		c.new++
	}
	c.sid, c.pid = ids.SID, ids.PID
}

// roams joins and leaves rooms, if it is still connected.
func (c *wanderer) roams() {
	c.world.mu.RLock()
	defer c.world.mu.RUnlock()
	s := c.conn.socket("/")
	if s == nil || c.world.server != c.server || c.pid == "" {
		return
	}
	room := modelRooms[c.random.IntN(len(modelRooms))]
	reached := c.server.recovery.reached
	if stay := c.in[room]; stay != nil {
		stay.left = reached() // what is on its way now is owed to who leaves
		s.Leave(room)
		stay.leaving = reached()
		delete(c.in, room)
		return
	}
	stay := &stayed{room: room, joining: reached(), left: never, leaving: never}
	if s.Join(room) == nil {
		stay.joined = reached()
		c.in[room] = stay
		c.stays = append(c.stays, stay)
	}
}

// cut loses the connection: the server hears of it before the client comes back, after it, or never.
func (c *wanderer) cut() {
	old := c.conn
	switch c.random.IntN(3) {
	case 0:
		old.Closed(engineio.TransportClose)
		c.connect()
	case 1:
		c.connect()
		old.Closed(engineio.PingTimeout)
	case 2:
		done := make(chan struct{})
		go func() { old.Closed(engineio.TransportError); close(done) }()
		c.connect()
		<-done
	}
}

func (c *wanderer) wander(steps int) {
	c.connect()
	c.hears(1)
	for range steps {
		switch c.random.IntN(12) {
		case 0:
			c.roams()
		case 1:
			c.cut()
		default:
			c.hears(1 + c.random.IntN(5))
		}
		runtime.Gosched()
	}
	c.cut()
}

// check compares what was heard with what was told while the client was in the rooms.
func (c *wanderer) check(told []modelEvent) {
	heard := make(map[Offset]bool)
	for _, e := range c.heard {
		heard[e.offset] = true
	}
	for i, e := range told {
		must, may := false, false
		before := Offset(0) // what was told by then, when this was
		if i > 0 {
			before = told[i-1].offset
		}
		for _, stay := range c.stays {
			if slices.Contains(e.rooms, stay.room) {
				// What is being told while it joins is not owed to it: nor is what may have been, right behind what was told by then.
				must = must || before > stay.joined && e.offset <= stay.left
				may = may || e.offset > stay.joining && before <= stay.leaving
			}
		}
		if must && !heard[e.offset] || heard[e.offset] && !may {
			c.world.t.Errorf("event %s to %q: heard %v, must %v, may %v", e.offset.text(), e.rooms, heard[e.offset], must, may)
		}
	}
}

// Clients are cut off at random, come back by half-open and closed connections and after kills, join and leave, while several
// goroutines tell kept events to rooms and unions of rooms. Each gets what its rooms were told, once and in order.
func TestClientsMissNothingWhereverTheyAreCutOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		buffer int
		kills  int
	}{
		"memory":                 {64 << 20, 0},
		"a memory of few events": {4 << 10, 0},
		"kills":                  {64 << 20, 10},
		"kills, few events":      {4 << 10, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const clients, senders, events, steps = 8, 3, 300, 600
			w := &world{t: t, buffer: test.buffer, sessions: &savedSessions{}}
			w.restart()
			var work sync.WaitGroup
			for i := range senders {
				random := rand.New(rand.NewPCG(uint64(i), 1))
				work.Go(func() {
					for range events {
						w.tellSomething(random)
						runtime.Gosched()
					}
				})
			}
			crowd := make([]*wanderer, clients)
			for i := range crowd {
				crowd[i] = &wanderer{world: w, random: rand.New(rand.NewPCG(uint64(i), 2)), in: make(map[string]*stayed)}
				work.Go(func() { crowd[i].wander(steps) })
			}
			for range test.kills {
				for before := w.told(); w.told() < before+20 && w.told() < senders*events; {
					runtime.Gosched()
				}
				w.restart()
			}
			work.Wait()
			resumed := 0
			for _, c := range crowd {
				c.cut()
				c.hears(1 << 20)
				c.check(w.log)
				resumed += c.resumed
				if c.new > 0 {
					t.Errorf("%d times a session was not taken up: %q", c.new, w.counts.take())
				}
			}
			if resumed < clients {
				t.Errorf("%d sessions were taken up", resumed)
			}
		})
	}
}

func (w *world) tellSomething(random *rand.Rand) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	first := random.IntN(len(modelRooms))
	rooms := []string{modelRooms[first]}
	if random.IntN(3) == 0 {
		rooms = append(rooms, modelRooms[(first+1+random.IntN(len(modelRooms)-1))%len(modelRooms)])
	}
	if err := w.root.To(rooms...).Kept(0).Emit("said", rooms); err != nil {
		w.t.Error(err)
	}
}

func (w *world) told() int {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return len(w.log)
}
