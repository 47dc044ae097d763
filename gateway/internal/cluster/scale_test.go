package cluster

import (
	"context"

	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"sync/atomic"

	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/redisadapter"
	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
)

// What grows with the number of gateways and of members, as scripts/bench/run -simulate asks for it.

// meter counts what goes over a medium.
type meter struct {
	medium
	exchanges atomic.Int64 // with Redis
	rooms     atomic.Int64 // that were read
}

func (m *meter) renew(ctx context.Context, epoch string, wrote uint64, lease time.Duration) (reading, error) {
	m.exchanges.Add(2) // a script, and INFO
	return m.medium.renew(ctx, epoch, wrote, lease)
}

func (m *meter) write(ctx context.Context, b *batch) error {
	m.exchanges.Add(1)
	return m.medium.write(ctx, b)
}

func (m *meter) load(ctx context.Context, rooms []string) ([]map[string]*share, error) {
	m.exchanges.Add(int64(len(rooms)))
	m.rooms.Add(int64(len(rooms)))
	return m.medium.load(ctx, rooms)
}

func (m *meter) sequences(ctx context.Context) (map[string]uint64, error) {
	m.exchanges.Add(1)
	return m.medium.sequences(ctx)
}

func (m *meter) marks(ctx context.Context, epoch string, rooms []string) ([]mark, error) {
	m.exchanges.Add(1)
	return m.medium.marks(ctx, epoch, rooms)
}

func (m *meter) present(ctx context.Context, epoch, room string) ([]string, error) {
	m.exchanges.Add(1)
	return m.medium.present(ctx, epoch, room)
}

func (m *meter) tell(ctx context.Context, message []byte) (int, error) {
	m.exchanges.Add(1)
	return m.medium.tell(ctx, message)
}

// simulated is a cluster in this process: its nodes are the real ones, its Redis is memory that is late and loses messages, and its time
// is not real.
type simulated struct {
	*world
	nodes  []*gateway
	meters []*meter
}

const simulatedRoom = 10 // members of each room

func simulate(t *testing.T, nodes, members int) *simulated {
	s := &simulated{world: newWorld()}
	s.delay = 2 * time.Millisecond
	for range nodes {
		g := &gateway{link: &link{world: s.world}, told: make(map[string][]string)}
		m := &meter{medium: g.link}
		g.Node = start(m, newEpoch(), Options{Prefix: "p", Logger: slog.New(slog.DiscardHandler)})
		g.rosters = presence.New(presence.Options{Announce: g.announce, Others: g.Node})
		s.nodes, s.meters = append(s.nodes, g), append(s.meters, m)
	}
	time.Sleep(2 * lease)
	for i := range members {
		s.at(i, nodes).enter(s.room(i, nodes), "u"+strconv.Itoa(i))
	}
	time.Sleep(2 * lease)
	synctest.Wait()
	return s
}

// at spreads the members of a room over nodes.
func (s *simulated) at(member, nodes int) *gateway { return s.nodes[member%nodes] }

func (s *simulated) room(member, nodes int) string {
	return fmt.Sprintf("room-%d-%d", member/(nodes*simulatedRoom), member/simulatedRoom%max(1, nodes))
}

func (s *simulated) exchanges() (n, rooms int64) {
	for _, m := range s.meters {
		n, rooms = n+m.exchanges.Load(), rooms+m.rooms.Load()
	}
	return n, rooms
}

// The cost of a cluster that rests is by nodes, not by members, and a join costs at most two commands, also while messages are lost. It
// writes figures like those of a benchmark.
func TestARestingClusterCostsByNodesAndAJoinTwoCommands(t *testing.T) {
	const rest = 20 * time.Second
	for _, nodes := range []int{1, 2, 5, 10, 20, 50} {
		const members = 1000
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, nodes, members)
			before, _ := s.exchanges()
			time.Sleep(rest)
			synctest.Wait()
			resting, _ := s.exchanges()
			each := float64(resting-before) / rest.Seconds() / float64(nodes)

			s.with(func() { s.lossy = 1000 })
			_, roomsBefore := s.exchanges()
			const joins = 200
			for i := range joins { // who come into rooms that are followed, one after the other
				s.at(i*7, nodes).enter(s.room(i*7, nodes), "late"+strconv.Itoa(i))
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			after, rooms := s.exchanges()
			idle := each * float64(nodes) * (joins*10*time.Millisecond + time.Second).Seconds()
			perJoin := (float64(after-resting) - idle) / joins
			fmt.Printf("BenchmarkSimulation/nodes=%d 1 %.2f commands/s/node %.2f commands/join %d rooms-read\n", nodes, each, perJoin, rooms-roomsBefore)
			if each > 8 {
				t.Errorf("%d nodes: %.1f commands a second of each at rest", nodes, each)
			}
			if perJoin > 2 {
				t.Errorf("%d nodes: %.2f commands a join", nodes, perJoin)
			}
			for _, g := range s.nodes {
				g.close()
			}
		})
	}
}

// BenchmarkHearJoin is what a node does with one member of a room that another node tells of.
func BenchmarkHearJoin(b *testing.B) {
	for _, follows := range []bool{false, true} {
		b.Run(fmt.Sprintf("follows=%v", follows), func(b *testing.B) {
			now := time.Now()
			n := &Node{view: newView(lease, now), write: make(chan struct{}, 1), read: make(chan struct{}, 1), told: make(chan struct{}, 1)}
			n.view.registered(newEpoch())
			const rooms = 1000
			for i := range rooms {
				if name := "room-" + strconv.Itoa(i); follows {
					n.view.open(name)
					n.view.rooms[name].loaded, n.view.rooms[name].queued = true, false
				}
			}
			n.view.wanted = nil
			epoch, digests := newEpoch(), make([]uint64, rooms)
			var seq uint64
			b.ReportAllocs()
			for b.Loop() {
				i := int(seq) % rooms
				user := "u" + strconv.FormatUint(seq, 10)
				value := `["` + user + `","Somebody's name"]`
				digests[i] ^= sum(user, value)
				message := append([]byte{saysWritten}, epoch+" "+strconv.FormatUint(seq, 10)+" "+strconv.FormatUint(seq+1, 10)+" "...)
				n.hear(appendSections(message, []section{{room: "room-" + strconv.Itoa(i), digest: digests[i], fields: []field{{user: user, value: value}}}}))
				seq++
				n.view.changes, n.view.wanted = nil, nil
			}
		})
	}
}

// BenchmarkMerged is one node of fifty with a million members among them: what it holds of the others, and how long it forgets one of
// them. Rooms have ten members, at as many nodes as chance will have it.
func BenchmarkMerged(b *testing.B) {
	const nodes, members = 50, 1_000_000
	for b.Loop() {
		now := time.Now()
		before := heap()
		v := newView(lease, now)
		v.registered(newEpoch())
		rosters := presence.New(presence.Options{Announce: func(string, presence.List) int { return 0 }})
		epochs := make([]string, nodes)
		for i := range epochs {
			epochs[i] = newEpoch()
			v.peer(epochs[i], now)
		}
		var own, others int
		for room := range members / simulatedRoom {
			name := "room-" + strconv.Itoa(room)
			at := make([]int, simulatedRoom)
			here := false
			for i := range at {
				at[i] = int(sum(name, strconv.Itoa(i)) % nodes)
				here = here || at[i] == 0
			}
			if !here {
				continue
			}
			v.open(name)
			shares := make(map[string]*share)
			for i, node := range at {
				user := fmt.Sprintf("u%07d", room*simulatedRoom+i)
				p := person(user)
				if node == 0 {
					own++
					v.enter(name, user, encodePerson(p))
					rosters.Enter(name, p)
					continue
				}
				others++
				s := shares[epochs[node]]
				if s == nil {
					s = &share{seq: 1, users: make(map[string]string)}
					shares[epochs[node]] = s
				}
				s.users[user] = encodePerson(p)
				s.digest ^= sum(user, s.users[user])
			}
			v.unread(1)
			v.loaded(name, shares, nil, now)
			for _, c := range v.takeChanges() {
				if !c.loaded {
					rosters.Elsewhere([]presence.Change{{Room: name, Person: decodePerson(c), Gateways: c.nodes()}})
				}
			}
		}
		for v.next() != nil {
		}
		held := heap() - before
		began := time.Now()
		v.drop(epochs[1], now)
		b.ReportMetric(float64(time.Since(began).Microseconds())/1e3, "ms/forgotten-node")
		b.ReportMetric(float64(held)/(1<<20), "MiB")
		b.ReportMetric(float64(held)/float64(own+others), "B/member")
		b.ReportMetric(float64(others)/float64(own), "others/own")
		b.ReportMetric(0, "ns/op")
		rosters.Close()
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRedisPresence is what Redis does for presence: a join, many joins at once, and a renewal among fifty nodes.
func BenchmarkRedisPresence(b *testing.B) {
	redis := redistest.Start(b)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redis.Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		b.Fatal(err)
	}
	s := newServer(client, Options{Prefix: "bench"}, "n", (*redisadapter.Sealer)(nil))
	defer s.close()
	ctx := context.Background()
	register := func() string {
		epoch := newEpoch()
		if err := s.register(ctx, epoch, time.Minute); err != nil {
			b.Fatal(err)
		}
		return epoch
	}
	v := newView(lease, time.Now())
	v.registered(register())
	users := 0
	write := func(b *testing.B, at int) {
		for range at {
			users++
			v.enter("room-"+strconv.Itoa(users/simulatedRoom), "u"+strconv.Itoa(users), `["u1234567","Somebody's name"]`)
		}
		for batch := v.next(); batch != nil; batch = v.next() {
			err := s.write(ctx, batch)
			if v.done(batch, err); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, at := range []int{1, 100} {
		b.Run("join/at-once="+strconv.Itoa(at), func(b *testing.B) {
			began := redis.CPU()
			for b.Loop() {
				write(b, at)
			}
			b.ReportMetric(float64((redis.CPU()-began).Nanoseconds())/float64(b.N)/float64(at), "redis-ns/join")
		})
	}
	for range 49 {
		register()
	}
	b.Run("renew/nodes=50", func(b *testing.B) {
		began := redis.CPU()
		for b.Loop() {
			if _, err := s.renew(ctx, v.epoch, v.wrote, time.Minute); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((redis.CPU()-began).Nanoseconds())/float64(b.N), "redis-ns/renewal")
	})
}
