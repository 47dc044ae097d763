package cluster

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/logtest"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

func TestTheLogSaysOnceWhyAGatewayIsNotReadyAndThatItIsAgain(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Do("ACL", "SETUSER", "app", "on", "nopass", "~*", "&*", "+@all")
	var log logtest.Log
	g := logging(t, strings.Replace(s.URL(), "//", "//app:any@", 1), "", &log)
	eventually(t, "ready", func() bool { return g.Ready() == nil })
	s.Do("ACL", "SETUSER", "app", "resetchannels")
	eventually(t, "a reason", func() bool { return log.Count("NOPERM") > 0 })
	if n := log.Count("socketgate check"); n != 1 || log.Count("WARN") != 1 {
		t.Errorf("the log says\n%s", log.String())
	}
	s.Do("ACL", "SETUSER", "app", "allchannels")
	eventually(t, "the end", func() bool { return log.Count("ready again") == 1 && g.Ready() == nil })
}

// relay is a name that leads to one server, and later to another: connections stay where they were.
type relay struct {
	net.Listener
	to atomic.Pointer[redistest.Server]
}

func relayTo(t *testing.T, s *redistest.Server) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l}
	r.to.Store(s)
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(func() { l.Close() })
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { pass(from, r.to.Load().Addr()) })
		}
	})
	return r
}

// pass returns when either side has ended.
func pass(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { io.Copy(from, to); from.Close() })
	io.Copy(to, from)
	to.Close()
	back.Wait()
}

func (r *relay) URL() string { return "redis://" + r.Addr().String() }

// So does a failover where no sentinel ends the connections.
func TestGatewaysFollowANameThatLeadsToANewMaster(t *testing.T) {
	t.Parallel()
	before, after := redistest.Start(t), redistest.Start(t)
	name := relayTo(t, before)
	var log logtest.Log
	g, h := logging(t, name.URL(), "", &log), real(t, name.URL(), "")
	eventually(t, "ready", func() bool { return g.Ready() == nil })
	for _, one := range []*gateway{g, h} {
		one.Move(func() { redis.Anew(one.medium.(*server).client) })
	}
	meet(t, g, h)
	name.to.Store(after)
	host, port, _ := net.SplitHostPort(after.Addr())
	before.Do("REPLICAOF", host, port)
	h.enter("r", "c")
	g.becomes(t, "r", "a,b,c")
	h.becomes(t, "r", "a,b,c")
	eventually(t, "ready", func() bool { return g.Ready() == nil && h.Ready() == nil })
	g.whole(t, "r", "a", "b")
	if log.Count("REDIS_URL") == 0 {
		t.Errorf("the log says\n%s", log.String())
	}
}
