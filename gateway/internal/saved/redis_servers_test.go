package saved

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// shards are the masters of a Redis Cluster with the replica of each.
type shards []shard

type shard struct{ master, replica *redistest.Server }

func shardsOf(t *testing.T, servers []*redistest.Server) (all shards) {
	t.Helper()
	text, err := servers[0].Do("CLUSTER", "NODES").ToString()
	must(t, err)
	byID := make(map[string]*redistest.Server)
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(text, "txt:")), "\n")
	for _, line := range lines {
		for _, s := range servers {

			if words := strings.Fields(line); strings.HasPrefix(words[1], s.Addr()+"@") {
				byID[words[0]] = s
			}
		}
	}
	for _, line := range lines {
		if words := strings.Fields(line); strings.Contains(words[2], "slave") {
			all = append(all, shard{byID[words[3]], byID[words[0]]})
		}
	}
	return all
}

// has tells whether a master has a key, rather than another one.
func (s shard) has(key string) bool {
	n, err := s.master.Do("EXISTS", key).AsInt64()
	return err == nil && n == 1
}

// cutOff has the replica miss all that comes. Its connection is cut, or it would read later what is under way.
func (s shard) cutOff(t *testing.T) {
	t.Helper()
	s.replica.Pause()
	must(t, s.master.Do("CLIENT", "KILL", "TYPE", "replica").Error())
}

// failOver kills the master, and returns when the replica is in its place. What the replica has not heard by then is lost.
func (s shard) failOver(t *testing.T) {
	t.Helper()
	s.master.Kill()
	s.replica.Resume()
	eventually(t, "a new master", func() bool {
		info, err := s.replica.Do("INFO", "replication").ToString()
		if err != nil {
			return false
		}
		state, err := s.replica.Do("CLUSTER", "INFO").ToString()
		return err == nil && strings.Contains(info, "role:master") && strings.Contains(state, "cluster_state:ok")
	})
}

// sockets are some of a user's, as many in each shard.
func (all shards) sockets(t *testing.T, g *gateway, each int) (sockets []*socket) {
	t.Helper()
	of := make([]int, len(all))
	for i := 0; len(sockets) < each*len(all); i++ {
		sid := fmt.Sprint("sid-", i)
		name := g.keeper.(*redis).session(keyOf("/", sid))
		at := slices.IndexFunc(all, func(s shard) bool {
			return !strings.Contains(fmt.Sprint(s.master.Do("EXISTS", name).Error()), "MOVED")
		})
		if of[at] < each {
			of[at]++
			sockets = append(sockets, connect(sid, "u", "a"))
		}
	}
	return sockets
}

func TestSessionsAreTakenUpOnARedisCluster(t *testing.T) {
	t.Parallel()
	servers := redistest.StartCluster(t)
	all := shardsOf(t, servers)
	first, second := start(t, servers[0].URL(), Options{}), start(t, servers[0].URL(), Options{})
	sockets := all.sockets(t, first, 4)
	first.save(sockets...)
	for _, one := range sockets[:6] {
		wants(t, second.claim(one.id), one)
		wants(t, second.claim(one.id), nil)
	}
	eventually(t, "those that were claimed end", func() bool {
		return !slices.ContainsFunc(sockets[:6], func(one *socket) bool { return one.superseded.Load() != 1 })
	})
	for _, one := range sockets {
		if ours, err := first.Reclaim(t.Context(), "/", one.id); err != nil || ours == slices.Contains(sockets[:6], one) {
			t.Errorf("%s is the first one's: %v, %v", one.id, ours, err)
		}
	}
	for _, one := range sockets[6:] {
		one.end()
		first.Ended("/", one.id)
	}
	third := start(t, servers[0].URL(), Options{})
	eventually(t, "the ended ones deleted", func() bool { return first.changes.len() == 0 })
	for _, one := range sockets[6:] {
		wants(t, third.claim(one.id), nil)
	}
}

// A failover loses what the replica had not heard, on one shard alone: the sign of life may be on another.
func TestAFailoverInARedisClusterLosesNoSessionOfWhoIsConnected(t *testing.T) {
	t.Parallel()
	servers := redistest.StartCluster(t)
	all := shardsOf(t, servers)
	first := start(t, servers[0].URL(), Options{})
	sockets := all.sockets(t, first, 2)
	first.save(sockets...)
	alive := first.keeper.(*redis).alive(first.keeper.(*redis).gateway)
	at := all[slices.IndexFunc(all, func(s shard) bool { return !s.has(alive) })]
	at.cutOff(t)
	for _, one := range sockets {
		one.moveTo("b")
	}
	began := time.Now()
	first.save(sockets...)
	if took := time.Since(began); took > statementTimeout/2 {
		t.Errorf("a replica that stands still held up sessions for %v", took)
	}
	at.failOver(t)
	began = time.Now()
	late := connect("late", "u", "a")
	first.save(late)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a session was saved %v after the failover", took)
	}
	second := start(t, servers[slices.Index(servers, at.replica)].URL(), Options{})
	for _, one := range append(sockets, late) {
		eventually(t, one.id+" as it was last", func() bool {
			text, err := second.keeper.(*redis).client.Do(t.Context(), second.keeper.(*redis).client.B().Get().Key(second.keeper.(*redis).session(keyOf("/", one.id))).Build()).ToString()
			return err == nil && (one == late || strings.Contains(text, `"b"`))
		})
		wants(t, second.claim(one.id), one)
	}
}

func TestAFailoverOfSentinelLosesNoSessionOfWhoIsConnected(t *testing.T) {
	t.Parallel()
	watched := redistest.StartSentinel(t)
	first, second := start(t, watched.URL(), Options{}), start(t, watched.URL(), Options{})
	ann, bob := connect("ann", "u1", "a"), connect("bob", "u2", "a")
	first.save(ann, bob)
	wants(t, second.claim("bob"), bob)
	second.save(bob)
	shard{watched.Master, watched.Replica}.cutOff(t)
	ann.moveTo("b")
	first.save(ann)
	watched.Master.Kill()
	watched.Replica.Resume()
	began := time.Now()
	late := connect("late", "u3", "a")
	second.save(late)
	took := time.Since(began)
	t.Logf("saved %v after the master was killed", took)
	if took > 8*time.Second { // of which Sentinel takes some
		t.Errorf("saved %v after the master was killed", took)
	}
	third := start(t, watched.URL(), Options{})
	eventually(t, "written anew", func() bool {
		text, err := watched.Replica.Do("GET", third.keeper.(*redis).session(keyOf("/", "ann"))).ToString()
		return err == nil && strings.Contains(text, `"b"`)
	})
	for _, one := range []*socket{ann, bob, late} {
		wants(t, third.claim(one.id), one)
	}
}
