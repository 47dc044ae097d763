package app

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// beside is a gateway without messages on that Redis.
func beside(t *testing.T, redis *redistest.Server, change func(*config.Config)) (a *App, stop func() error) {
	t.Helper()
	c := testSettings()
	c.DatabaseURL, c.RedisURL, c.RedisPrefix = "none", config.RedisURL(redis.URL()), "test"
	c.RedisKey = "a key for tests"
	if change != nil {
		change(&c)
	}
	a, stop = start(t, c)
	becomes(t, a, "/readyz", "ready")
	return a, stop
}

func becomes(t *testing.T, a *App, path, want string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	var body string
	for end := time.Now().Add(patience); ; <-look.C {
		if _, body = get(t, a.Addr().String(), path); strings.HasPrefix(body, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is %q, want %q", path, body, want)
		}
	}
}

// lists reads what a client is told until a list holds text, and fails where one before lacked somebody.
func lists(t *testing.T, p *engineclient.Conn, until string, everybody ...string) {
	t.Helper()
	for {
		packet, err := p.Await(`42["room_members"`)
		if err != nil {
			t.Fatalf("waiting for a list with %s: %v", until, err)
		}
		for _, name := range everybody {
			if !strings.Contains(packet, name) {
				t.Errorf("a list lacks %s: %s", name, packet)
			}
		}
		if strings.Contains(packet, until) {
			return
		}
	}
}

func TestMembersOfBothGatewaysAreOneListAndARestartDoesNotFlicker(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	a, _ := beside(t, s, nil)
	b, stop := beside(t, s, nil)
	ann := enter(t, a.Addr().String(), "ann", "r")
	enter(t, b.Addr().String(), "bob", "r")
	lists(t, ann, "bob", "ann")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	time.Sleep(300 * time.Millisecond) // bob is away
	enter(t, a.Addr().String(), "bob", "r")
	enter(t, a.Addr().String(), "cem", "r")
	lists(t, ann, "cem", "ann", "bob")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	expires := a.cluster.Stats().Expired
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); a.cluster.Stats().Gateways != 1; <-look.C {
		if time.Now().After(end) {
			t.Fatal("the one that ended is still there")
		}
	}
	if a.cluster.Stats().Expired != expires {
		t.Error("it was not said that the other ended: its lease told")
	}
}

func TestConnectionsOfAUserAreCountedOverBothGateways(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	few := func(c *config.Config) { c.MaxConnectionsPerUser = 3 }
	a, _ := beside(t, s, few)
	b, _ := beside(t, s, few)
	enter(t, a.Addr().String(), "ann", "r")
	enter(t, a.Addr().String(), "ann", "r")
	enter(t, b.Addr().String(), "ann", "r")
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); a.cluster.Elsewhere("ann") != 1 || b.cluster.Elsewhere("ann") != 2; <-look.C {
		if time.Now().After(end) {
			t.Fatal("the gateways did not tell each other")
		}
	}
	tok, err := token.Mint([]byte(testSecret), "ann", "ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*App{a, b} {
		p, err := dialGateway(g.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Say(`40{"token":"` + tok + `"}`); err != nil {
			t.Fatal(err)
		}
		if answer, err := p.Await("44"); err != nil || !strings.Contains(answer, "too_many_connections") {
			t.Errorf("%q, %v", answer, err)
		}
	}
}

func TestReadinessTellsThatRedisIsAwayAndHeals(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	a, _ := beside(t, s, func(c *config.Config) { c.AdminAddr = "127.0.0.1:0" })
	s.Pause()
	becomes(t, a, "/readyz", "redis unavailable")
	becomes(t, a, "/healthz", "ok, but redis unavailable")
	_, metrics := get(t, a.servers[1].listener.Addr().String(), "/metrics")
	for _, want := range []string{`socketgate_cluster_unready{part="redis"} 1`, "socketgate_presence_stale 1", "socketgate_gateways 1"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	s.Resume()
	began := time.Now()
	becomes(t, a, "/readyz", "ready")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
