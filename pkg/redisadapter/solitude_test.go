package redisadapter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// published is how many commands have published something so far, beats among them.
func published(t testing.TB, redis *redistest.Server) (n int) {
	t.Helper()
	stats, err := redis.Do("INFO", "commandstats").ToString()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"publish", "spublish"} {
		_, rest, _ := strings.Cut(stats, "cmdstat_"+command+":calls=")
		digits, _, _ := strings.Cut(rest, ",")
		calls, _ := strconv.Atoi(digits)
		n += calls
	}
	return n
}

const burst = 100

// isSilent emits a burst, and tells whether it stayed here.
func (s *server) isSilent(redis *redistest.Server) bool {
	s.t.Helper()
	before := published(s.t, redis)
	for range burst {
		s.root.Emit("x")
	}
	s.beats(2) // those that were queued behind it
	return published(s.t, redis)-before < burst/2
}

// settlesDown emits until nothing is published any more.
func (s *server) settlesDown(redis *redistest.Server) {
	s.t.Helper()
	for end := s.adapter.beat.taken.Load() + 10; !s.isSilent(redis); {
		if s.adapter.beat.taken.Load() > end {
			s.t.Fatal("a server that is alone publishes all the same")
		}
	}
}

func TestAServerThatComesHearsWhatIsSaidOnceItIsSubscribedThoughNothingWasPublishedBefore(t *testing.T) {
	t.Parallel()
	for name, o := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			a := serve(t, open(t, nil, redis.Addr()), o)
			a.settlesDown(redis)
			stop, stopped := make(chan struct{}), make(chan struct{})
			var said atomic.Int64
			go func() {
				defer close(stopped)
				for tick := time.Tick(time.Millisecond); ; {
					select {
					case <-stop:
						return
					case <-tick:
						a.root.Emit("n", said.Add(1))
					}
				}
			}()
			b := serve(t, open(t, nil, redis.Addr()), o)
			there := b.member("/")
			first := int(said.Load()) // all later ones must come
			var heard []int
			for len(heard) < 1000 {
				var packet []json.RawMessage
				json.Unmarshal([]byte(there.hear()[1:]), &packet)
				var n int
				if string(packet[0]) == `"n"` {
					json.Unmarshal(packet[1], &n)
					heard = append(heard, n)
				}
			}
			close(stop)
			<-stopped
			if heard[0] > first+1 {
				t.Errorf("the first that was heard is %d, and %d was said after the subscription", heard[0], first+1)
			}
			if !slices.IsSorted(heard) || heard[len(heard)-1]-heard[0] != len(heard)-1 {
				t.Errorf("heard %d to %d in %d messages", heard[0], heard[len(heard)-1], len(heard))
			}
		})
	}
}

func TestAServerThatIsAloneAgainPublishesNothing(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{})
	t.Run("with another", func(t *testing.T) {
		b := serve(t, open(t, nil, redis.Addr()), Options{})
		there := b.member("/")
		a.root.Emit("last")
		there.expectThenLast()
		if a.isSilent(redis) {
			t.Error("what another server is to hear was not published")
		}
	})
	a.settlesDown(redis)
}

func TestAServerOfAnotherNamespaceHearsNothingAndCountsForNothing(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{})
	serve(t, open(t, nil, redis.Addr()), Options{Prefix: "another"})
	a.settlesDown(redis)
}

func TestWhoeverIsKnownOtherwiseIsPublishedTo(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{Others: func() bool { return true }})
	a.beats(2) // by then it has looked who is there
	if a.isSilent(redis) {
		t.Error("nothing was published, though there are others")
	}
}

func TestSubscribersOfAReplicaAreToldThoughNobodyCanCountThem(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{})
	replica := redistest.Start(t, "--replicaof", strings.Replace(redis.Addr(), ":", " ", 1))
	b := serve(t, open(t, nil, replica.Addr()), Options{})
	there := b.member("/")
	for range time.Tick(10 * time.Millisecond) {
		if info, _ := replica.Do("INFO", "replication").ToString(); strings.Contains(info, "master_link_status:up") {
			break
		}
	}
	for i := range 2 {
		a.beats(2) // by then it has looked who is there
		a.root.Emit("told", i)
		there.expect(fmt.Sprintf(`2["told",%d]`, i))
	}
}

// beats waits for so many of the server's beats.
func (s *server) beats(n uint64) {
	last := s.adapter.beat.taken.Load() + n
	for range time.Tick(10 * time.Millisecond) {
		if s.adapter.beat.taken.Load() >= last {
			return
		}
	}
}

func TestTheChannelThatCountsServersIsSubscribedBeforeTheOthers(t *testing.T) {
	t.Parallel()
	for name, o := range languages {
		o.Kept = func(*socketio.Namespace, []Kept) {}
		o = o.withDefaults()
		w, err := o.Wire.open(o.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 { // names are random
			list := (&Adapter{options: o, wire: w}).subscriptions("/")
			slices.Reverse(list)
			slices.SortFunc(list, inOrder)
			at := func(channel string) int {
				return slices.IndexFunc(list, func(s subscription) bool { return s.name == channel })
			}
			if counted, own, bundles := at(w.counted("/")), at(w.own("/")), at(o.bundles("/")); counted < 0 || own < counted || bundles < counted {
				t.Fatalf("%s: subscribes %v", name, list)
			}
		}
	}
}
