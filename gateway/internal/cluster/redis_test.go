package cluster

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// real is a gateway on a real Redis, at that URL, that is ready.
func real(t *testing.T, url, key string) *gateway {
	t.Helper()
	g := opened(t, url, key)
	eventually(t, "ready", func() bool { return g.Ready() == nil })
	return g
}

// opened is one that has only just started.
func opened(t *testing.T, url, key string) *gateway { return logging(t, url, key, io.Discard) }

// logging is one that writes its log there.
func logging(t *testing.T, url, key string, log io.Writer) *gateway {
	t.Helper()
	client, err := redis.Open(t.Context(), redis.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{told: make(map[string][]string)}
	g.Node, err = Open(client, Options{Prefix: "test", Key: sealKey(key), ConnectionsPerUser: 16, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	g.rosters = presence.New(presence.Options{Announce: g.announce, Others: g.Node})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		g.Node.Close(ctx)
		g.rosters.Close()
	})
	return g
}

// sealKey is a key of 32 bytes, of a word.
func sealKey(word string) []byte {
	if word == "" {
		return nil
	}
	return []byte(strings.Repeat(word, 32)[:32])
}

// eventually waits for what must be so within the five seconds that are promised, and some for a busy machine.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); !is(); <-tick.C {
		if time.Since(began) > 8*time.Second {
			t.Fatal("it did not come to that: ", what)
		}
	}
}

func (g *gateway) becomes(t *testing.T, room, want string) {
	t.Helper()
	eventually(t, room+" has "+want, func() bool { return g.list(room) == want })
}

// whole fails where a room was told a list that lacked one of them.
func (g *gateway) whole(t *testing.T, room string, everybody ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, list := range g.told[room] {
		for _, id := range everybody {
			if !slices.Contains(strings.Split(list, ","), id) {
				t.Errorf("a list lacks %s: %s", id, list)
			}
		}
	}
	delete(g.told, room)
}

// meet has a be at g and b at h, both in one room and on both lists.
func meet(t *testing.T, g, h *gateway) {
	t.Helper()
	g.enter("r", "a")
	h.enter("r", "b")
	g.becomes(t, "r", "a,b")
	h.becomes(t, "r", "a,b")
	g.whole(t, "r", "a")
	h.whole(t, "r", "b")
}

func TestListsSurviveWhatHappensToARealRedis(t *testing.T) {
	for name, harm := range map[string]func(s *redistest.Server){
		"flush":   func(s *redistest.Server) { s.Do("FLUSHALL") },
		"restart": func(s *redistest.Server) { s.Kill(); s.Restart() },
		"pause":   func(s *redistest.Server) { s.Pause(); time.AfterFunc(4*time.Second, s.Resume) },
		"kicked": func(s *redistest.Server) {
			s.Do("CLIENT", "KILL", "TYPE", "pubsub")
			s.Do("CLIENT", "KILL", "TYPE", "normal")
		},
		"lost":      func(s *redistest.Server) { s.Do("DEL", "test:members:{r}") },
		"occupied":  func(s *redistest.Server) { s.Do("SET", "test:members:{r}", "somebody else's") },
		"forgetful": func(s *redistest.Server) { s.Do("SCRIPT", "FLUSH") },
		"impatient": func(s *redistest.Server) {
			s.Do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1 1 1")
			time.AfterFunc(time.Second, func() { s.Do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			g, h := real(t, s.URL(), "key"), real(t, s.URL(), "key")
			meet(t, g, h)
			harm(s)
			if name == "pause" {
				eventually(t, "not ready", func() bool { return g.Ready() != nil })
			}
			g.enter("r", "c")
			h.becomes(t, "r", "a,b,c")
			eventually(t, "ready", func() bool { return g.Ready() == nil && h.Ready() == nil })
			h.enter("r", "d")
			g.becomes(t, "r", "a,b,c,d")
			g.rosters.Leave("r", person("a"))
			h.becomes(t, "r", "b,c,d")
			g.whole(t, "r", "b")
			h.whole(t, "r", "b")
			late := real(t, s.URL(), "key")
			late.enter("r", "e") // reads what is in Redis
			late.becomes(t, "r", "b,c,d,e")
		})
	}
}

func TestListsAndReadinessSurviveAFailover(t *testing.T) {
	t.Parallel()
	w := redistest.StartSentinel(t)
	g, h := real(t, w.URL(), ""), real(t, w.URL(), "")
	meet(t, g, h)
	w.Replica.Pause() // so that it misses what is written last: its connection is cut too, or it would read that later
	if err := w.Master.Do("CLIENT", "KILL", "TYPE", "replica").Error(); err != nil {
		t.Fatal(err)
	}
	h.enter("r", "c")
	g.becomes(t, "r", "a,b,c")
	w.Master.Kill()
	w.Replica.Resume()
	eventually(t, "a new master", func() bool {
		client, err := redis.Open(t.Context(), redis.Options{URL: w.Replica.URL()})
		if err != nil {
			return false // it hangs up when it becomes one
		}
		defer client.Close()
		info, _ := client.Do(t.Context(), client.B().Info().Section("replication").Build()).ToString()
		return strings.Contains(info, "role:master")
	})
	began := time.Now()
	g.enter("r", "d")
	h.becomes(t, "r", "a,b,c,d")
	g.becomes(t, "r", "a,b,c,d")
	eventually(t, "ready", func() bool { return g.Ready() == nil && h.Ready() == nil })
	took := time.Since(began)
	t.Logf("ready %v after the replica became the master", took)
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	g.whole(t, "r", "a", "b")
	h.whole(t, "r", "a", "b")
}

func TestKilledGatewayIsCleanedOutOfARealRedis(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"single": nil, "cluster": {"--cluster-enabled", "yes"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t, args...)
			if args != nil {
				s.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
				eventually(t, "a cluster", func() bool {
					state, _ := s.Do("CLUSTER", "INFO").ToString()
					return strings.Contains(state, "cluster_state:ok")
				})
			}
			g, h := real(t, s.URL(), ""), real(t, s.URL(), "")
			g.enter("r", "a")
			h.enter("r", "b", "c")
			h.enter("s", "b")
			g.becomes(t, "r", "a,b,c")
			h.Node.cancel() // as kill -9 does
			g.enter("r", "c")
			g.becomes(t, "r", "a,c")
			g.whole(t, "r", "a")
			eventually(t, "clean", func() bool {
				keys, _ := s.Do("KEYS", "test:*").AsStrSlice()
				fields, _ := s.Do("HKEYS", "test:members:{r}").AsStrSlice()
				return len(keys) == 4 && len(fields) == 3 // known, lease, rooms and members{r}; a, c and the mark
			})
		})
	}
}

func TestGatewayKnowsTheOthersAsSoonAsItIsOpen(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	opened(t, s.URL(), "")
	if n := opened(t, s.URL(), "").Others(); n != 1 {
		t.Errorf("it knows %d others", n)
	}
}

func TestOrderlyEndLeavesNothingInRedis(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	g, h := real(t, s.URL(), ""), real(t, s.URL(), "")
	g.enter("r", "a")
	h.enter("r", "b")
	g.becomes(t, "r", "a,b")
	for _, n := range []*gateway{h, g} {
		n.Drain()
		n.Node.leaveAll(t.Context())
	}
	g.becomes(t, "r", "a")
	if keys, err := s.Do("KEYS", "*").AsStrSlice(); err != nil || len(keys) != 0 {
		t.Errorf("%q, %v", keys, err)
	}
}

func TestJoinsCostAtMostTwoCommandsAndAnIdleNodeAFewASecond(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	g, h := real(t, s.URL(), ""), real(t, s.URL(), "")
	g.enter("r", "a")
	h.enter("r", "b")
	g.becomes(t, "r", "a,b")
	began := time.Now()
	before := calls(t, s)
	for i := range 100 {
		g.enter("r", strconv.Itoa(i)) // one at a time: each is written by itself
		eventually(t, "written", func() bool {
			g.Node.mu.Lock()
			defer g.Node.mu.Unlock()
			return len(g.view.dirty) == 0 && g.view.wrote == g.view.tried
		})
	}
	for range 10 {
		g.enter("r", "a")
	}
	joins := calls(t, s) - before
	if idle := int(12 * (time.Since(began).Seconds() + 1)); joins > 100+idle {
		t.Errorf("%d commands for 100 joins, beside the steady %d", joins, idle)
	}
	before, began = calls(t, s), time.Now()
	time.Sleep(3 * time.Second)
	each := float64(calls(t, s)-before) / time.Since(began).Seconds() / 2
	t.Logf("100 joins: %d commands; an idle node: %.1f a second", joins, each)
	if each > 5 {
		t.Errorf("%.1f commands a second for an idle node", each)
	}
}

var evaluated = regexp.MustCompile(`cmdstat_(evalsha|eval|hgetall|info|hmget|publish|subscribe):calls=(\d+)`)

// calls is how many commands came from nodes. Those within scripts are counted by Redis as well, and left out.
func calls(t *testing.T, s *redistest.Server) (n int) {
	t.Helper()
	stats, err := s.Do("INFO", "commandstats").ToString()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, m := range evaluated.FindAllStringSubmatch(stats, -1) {
		count, _ := strconv.Atoi(m[2])
		of[m[1]] = count
	}
	return of["evalsha"] + of["hmget"] + of["info"] + of["subscribe"]
}

func TestWhatLiesAndTravelsInRedisIsSealed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	g, stranger := real(t, s.URL(), "key"), real(t, s.URL(), "another")
	g.enter("r", "a")
	stranger.enter("r", "b")
	time.Sleep(200 * time.Millisecond)
	values, err := s.Do("HVALS", "test:members:{r}").AsStrSlice()
	if err != nil || len(values) != 4 || strings.Contains(strings.Join(values, " "), "Na") {
		t.Errorf("%q, %v", values, err)
	}
	stranger.LoginEnded("a", "x")
	eventually(t, "counted", func() bool { return g.Stats().Garbled > 0 })
	g.becomes(t, "r", "a")
}

// Whoever can write to Redis, and has no key, can't say again what it has overheard, nor list somebody elsewhere.
func TestWhatIsSealedCanBeNeitherRepeatedNorMoved(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	g, h := real(t, s.URL(), "key"), real(t, s.URL(), "key")
	meet(t, g, h)
	heard := make(chan []Act, 10)
	g.Heed(func(acts []Act) { heard <- acts })
	m, garbled := h.medium.(*server), g.Stats().Garbled
	act := m.seal.Seal(sealsTold+string(saysAct), []byte(`{"user":"a","node":"h"}`))
	for range 2 {
		s.Do("PUBLISH", m.keys.channel(), string(saysAct)+string(act))
	}
	eventually(t, "counted", func() bool { return g.Stats().Garbled == garbled+1 })
	if acts := <-heard; len(acts) != 1 || len(heard) != 0 {
		t.Errorf("%d acts, and %d times more", len(acts), len(heard))
	}
	fields, err := s.Do("HGETALL", m.keys.room("r")).AsStrMap()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		s.Do("HSET", m.keys.room("q"), name, value)
	}
	release := g.rosters.Await(t.Context(), "q")
	g.enter("q", "c")
	release()
	expectList(t, g, "q", "c")
}

func TestActsReachTheOthersWithinASecond(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	g, h := real(t, s.URL(), "key"), real(t, s.URL(), "key")
	heard := make(chan []Act, 10)
	g.Heed(func(acts []Act) { heard <- acts })
	h.Heed(func(acts []Act) { t.Errorf("heard its own: %v", acts) })
	h.LoginEnded("a", "digest")
	select {
	case acts := <-heard:
		if len(acts) != 1 || acts[0].User != "a" || acts[0].Login != "digest" {
			t.Errorf("%v", acts)
		}
	case <-time.After(time.Second):
		t.Error("not within a second")
	}
	s.Kill()
	h.UserEnded("b") // is told again until it can be
	s.Restart()
	select {
	case acts := <-heard:
		if len(acts) != 1 || acts[0].User != "b" {
			t.Errorf("%v", acts)
		}
	case <-time.After(8 * time.Second):
		t.Error("never told")
	}
}
