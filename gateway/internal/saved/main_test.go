package saved

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

const patience = 20 * time.Second // how long a test waits for what must come

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		beChild(url)
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2")) // sleeps after a failover
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something is true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", patience, what)
		}
	}
}

// socket is one that a test connects. It is in no other's hands.
type socket struct {
	id         string
	superseded atomic.Int32
	ends       func() // called first; nil: nobody wants to know
	mu         sync.Mutex
	saved      socketio.SavedSession
}

func (s *socket) ID() string { return s.id }

func (s *socket) Session() socketio.SavedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved
}

func (s *socket) Supersede() {
	if s.ends != nil {
		s.ends()
	}
	s.superseded.Add(1)
}

func (s *socket) moveTo(rooms ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved.Rooms = roomsOf(rooms...)
}

// end is what a socket does before the end of its session is told.
func (s *socket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = socketio.SavedSession{}
}

func roomsOf(names ...string) (all []socketio.SavedRoom) {
	for i, name := range names {
		all = append(all, socketio.SavedRoom{Name: name, Since: 1<<63 + socketio.Offset(i)})
	}
	return all
}

func connect(sid, user string, rooms ...string) *socket {
	return &socket{id: sid, saved: socketio.SavedSession{Namespace: "/", SID: sid, User: user, Rooms: roomsOf(rooms...)}}
}

// crowd is what sockets are connected.
type crowd struct {
	mu   sync.Mutex
	all  []session
	lost []string // sids that others are said to have
}

func (c *crowd) sockets() *sockets {
	return &sockets{
		namespace: "/",
		count:     func() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.all) },
		has: func(sid string) bool {
			found := false
			c.each(func(one session) { found = found || one.ID() == sid })
			return found
		},
		each: c.each,
		succeeded: func(sid string) (found session) {
			c.mu.Lock()
			c.lost = append(c.lost, sid)
			c.mu.Unlock()
			c.each(func(one session) {
				if one.ID() == sid {
					found = one
				}
			})
			return found
		},
	}
}

func (c *crowd) each(f func(session)) {
	c.mu.Lock()
	all := c.all
	c.mu.Unlock()
	for _, one := range all {
		f(one)
	}
}

// gateway is one on a test's database.
type gateway struct {
	*Sessions
	t     testing.TB
	crowd crowd
	*record
}

// record is what a gateway counts and logs.
type record struct {
	mu     sync.Mutex
	counts map[string]int
	log    bytes.Buffer
}

func (r *record) count(what string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what] += n
}

func (r *record) counted(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[what]
}

func (r *record) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

func (r *record) SessionsWritten(n int, _ time.Duration) { r.count("written", n); r.count("writes", 1) }
func (r *record) SessionsUnwritten(cause string, n int)  { r.count(cause, n) }
func (r *record) SessionsClaimed(outcome string, n int)  { r.count(outcome, n) }

func start(t testing.TB, url string, o Options) *gateway {
	t.Helper()
	g, w := unstarted(t, url, o)
	g.begin(w)
	return g
}

// unstarted makes a gateway that writes and claims when the test says so.
func unstarted(t testing.TB, url string, o Options) (*gateway, *writer) {
	t.Helper()
	u, at, err := where(url)
	must(t, err)
	if at.Redis != nil {
		t.Cleanup(at.Redis.Close)
	}
	o.Redis, o.Prefix = at.Redis, at.Prefix
	g := &gateway{t: t, record: &record{counts: map[string]int{}}}
	if o.Window == 0 {
		o.Window = time.Minute
	}
	o.Observer, o.Logger = g.record, slog.New(slog.NewTextHandler(g.record, nil))
	s, w, err := assemble(t.Context(), u, o)
	must(t, err)
	g.Sessions = s
	g.follow(g.crowd.sockets())
	t.Cleanup(g.stop)
	return g, w
}

func (g *gateway) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Close(ctx); err != nil {
		g.t.Error(err)
	}
}

// die ends a gateway without a last word, as a kill would.
func (g *gateway) die() {
	g.end()
	if g.copy != nil {
		g.copy.end()
	}
	g.stop()
}

// save connects sockets, and waits until their sessions are written.
func (g *gateway) save(all ...*socket) {
	g.t.Helper()
	before := g.counted("written")
	for _, one := range all {
		g.crowd.mu.Lock()
		g.crowd.all = append(g.crowd.all, one)
		g.crowd.mu.Unlock()
		g.changed(one)
	}
	eventually(g.t, fmt.Sprintf("%d sessions written", len(all)), func() bool { return g.counted("written") >= before+len(all) })
}

// claim claims a session of the root namespace.
func (g *gateway) claim(sid string) *socketio.SavedSession {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	found, err := g.Claim(ctx, "/", sid)
	must(g.t, err)
	return found
}

// wants fails unless a claim gave just this session; nil is none.
func wants(t testing.TB, got *socketio.SavedSession, want *socket) {
	t.Helper()
	switch {
	case got == nil && want == nil:
	case got == nil || want == nil || fmt.Sprint(*got) != fmt.Sprint(want.Session()):
		t.Errorf("claimed %+v, want %+v", got, want)
	}
}

func fileOf(url string) string { return strings.TrimPrefix(url, "file:") }

// newSQLite gives the URL of an app's file.
func newSQLite(t testing.TB) string {
	url := "file:" + filepath.Join(t.TempDir(), "chat.db")
	dbtest.SQLite(t, url, "CREATE TABLE app (id)")
	return url
}
