package redisadapter

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// open connects to a Redis of a test as the gateway would.
func open(t testing.TB, change func(*rueidis.ClientOption), addresses ...string) rueidis.Client {
	t.Helper()
	o := rueidis.ClientOption{
		InitAddress: addresses, DisableRetry: true, DisableCache: true, PipelineMultiplex: -1, ConnWriteTimeout: 2 * time.Second,
	}
	o.Dialer.Timeout, o.Dialer.KeepAlive = time.Second, time.Second
	if change != nil {
		change(&o)
	}
	client, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// watch is an Observer that counts.
type watch struct {
	mu              sync.Mutex
	connected, lost int
	bundled         int
	stream          []error
	dropped         map[Cause]int
	changed         chan struct{}
}

func newWatch() *watch { return &watch{dropped: make(map[Cause]int), changed: make(chan struct{}, 1)} }

func (w *watch) change(f func()) {
	w.mu.Lock()
	f()
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *watch) Connected()             { w.change(func() { w.connected++ }) }
func (w *watch) Lost(error)             { w.change(func() { w.lost++ }) }
func (w *watch) Dropped(c Cause, n int) { w.change(func() { w.dropped[c] += n }) }
func (w *watch) Bundled(n int)          { w.change(func() { w.bundled += n }) }
func (w *watch) Stream(err error)       { w.change(func() { w.stream = append(w.stream, err) }) }
func (w *watch) count(f func() int) int { w.mu.Lock(); defer w.mu.Unlock(); return f() }
func (w *watch) droppedBy(c Cause) int  { return w.count(func() int { return w.dropped[c] }) }
func (w *watch) until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.After(patience); !is(); {
		select {
		case <-w.changed:
		case <-end:
			t.Fatalf("waited for %s", what)
		}
	}
}

// server is a Socket.IO server of a cluster, with clients in memory.
type server struct {
	*engineclient.Pipes
	t       testing.TB
	adapter *Adapter
	watch   *watch
	io      *socketio.Server
	root    *socketio.Namespace
	sockets chan *socketio.Socket
}

// serve starts one with "/" and "/chat", and waits until it hears the others.
func serve(t testing.TB, client rueidis.Client, o Options) *server {
	t.Helper()
	s := &server{Pipes: engineclient.NewPipes(), t: t, watch: newWatch(), sockets: make(chan *socketio.Socket, 100)}
	o.Observer = s.watch
	adapter, err := New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	s.adapter = adapter
	s.io = socketio.NewServer(socketio.Options{Cluster: adapter, Logger: slog.New(slog.DiscardHandler)})
	for _, name := range []string{"/", "/chat"} {
		s.io.Of(name).OnConnect(func(socket *socketio.Socket) { s.sockets <- socket })
	}
	s.io.Dynamic(func(name string) bool { return strings.HasPrefix(name, "/dyn-") }, func(ns *socketio.Namespace) {
		ns.OnConnect(func(socket *socketio.Socket) { s.sockets <- socket })
	})
	s.root = s.io.Of("/")
	web := &http.Server{Handler: s.io}
	serving := make(chan struct{})
	go func() { web.Serve(s); close(serving) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.io.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
		<-serving
		adapter.Shutdown(ctx)
	})
	s.subscribed()
	return s
}

func (s *server) subscribed() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.adapter.Subscribed(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// publish has the server say what it would not say by itself, on its own connection.
func (s *server) publish(channel, payload string) {
	s.t.Helper()
	p := publisher{Adapter: s.adapter}
	if err := s.adapter.client.Do(s.t.Context(), p.command(publication{channel: channel, payload: []byte(payload)})).Error(); err != nil {
		s.t.Fatal(err)
	}
}

// member is a client and its socket.
type member struct {
	t      testing.TB
	conn   *engineclient.Conn
	socket *socketio.Socket
}

func (s *server) member(namespace string, rooms ...string) member {
	s.t.Helper()
	dialer := engineclient.Dialer{NetDial: s.Dial, Step: patience}
	conn, err := dialer.Dial(s.t.Context(), "ws://memory/socket.io/?"+engineclient.Query)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	m := member{t: s.t, conn: conn}
	if open, err := conn.Next(); err != nil || open[0] != '0' {
		s.t.Fatalf("got %q, %v, want an open packet", open, err)
	}
	m.say("0" + namespace + ",")
	if got := m.hear(); got[0] != '0' {
		s.t.Fatalf("CONNECT was answered by %q", got)
	}
	select {
	case m.socket = <-s.sockets:
	case <-time.After(patience):
		s.t.Fatal("no socket")
	}
	for _, room := range rooms {
		if err := m.socket.Join(room); err != nil {
			s.t.Fatal(err)
		}
	}
	s.subscribed() // the rooms may have channels
	return m
}

func (m member) say(packet string) {
	m.t.Helper()
	if err := m.conn.Say("4" + packet); err != nil {
		m.t.Fatal(err)
	}
}

func (m member) hear() string {
	m.t.Helper()
	got, err := m.conn.Next()
	if err != nil || len(got) < 2 || got[0] != '4' {
		m.t.Fatalf("got %q, %v, want a packet", got, err)
	}
	return got[1:]
}

func (m member) expect(want string) {
	m.t.Helper()
	if got := m.hear(); got != want {
		m.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// quoted is the JSON of a value.
func quoted(v any) json.RawMessage {
	b, _ := json.Marshal(v)
	return b
}

// languages are the ways in which servers may talk.
var languages = map[string]Options{
	"classic":        {},
	"sharded":        {Wire: Sharded},
	"sharded-static": {Wire: ShardedStatic},
	"classic sealed": {Key: []byte("0123456789abcdef0123456789abcdef")},
	"sharded sealed": {Wire: Sharded, Key: []byte("0123456789abcdef0123456789abcdef")},
}

// inEach runs a test with two servers, for each language.
func inEach(t *testing.T, test func(t *testing.T, a, b *server), change ...func(*Options)) {
	t.Parallel()
	redis := redistest.Start(t)
	for name, o := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Prefix = strings.ReplaceAll(name, " ", "-")
			for _, f := range change {
				f(&o)
			}
			test(t, serve(t, open(t, nil, redis.Addr()), o), serve(t, open(t, nil, redis.Addr()), o))
		})
	}
}
