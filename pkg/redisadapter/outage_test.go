package redisadapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/redisadapter/redistest"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// heals sends until the other server's client has heard, and reports how long that took.
func heals(t *testing.T, a *server, there member) time.Duration {
	t.Helper()
	began := time.Now()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			a.root.To("r").Emit("again")
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	there.expect(`2["again"]`)
	took := time.Since(began)
	close(stop)
	<-stopped
	a.root.To("r").Emit("healed")
	for {
		switch got := there.hear(); got {
		case `2["again"]`:
			continue
		case `2["healed"]`:
			return took
		default:
			t.Fatalf("heard %s", got)
		}
	}
}

func TestARedisThatIsKilledAndComesBackIsSubscribedAnew(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"classic": {}, "sharded": {Wire: Sharded}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			a, b := serve(t, open(t, nil, redis.Addr()), o), serve(t, open(t, nil, redis.Addr()), o)
			there := b.member("/", "r")
			redis.Kill()
			b.watch.until(t, "the loss to be noticed", func() bool { return b.watch.count(func() int { return b.watch.lost }) > 0 })
			if b.adapter.Connected() {
				t.Error("connected without a Redis")
			}
			if _, err := b.root.To().Sockets(t.Context()); err == nil {
				t.Error("nobody could be asked, and there is no error")
			}
			b.adapter.PublishKept(b.root, socketio.Target{Rooms: []string{"r"}, Offset: 1}, 0, "x", nil)
			if b.watch.droppedBy(OutAway) != 1 {
				t.Error("a kept event was queued without a Redis")
			}
			redis.Restart()
			if took := heals(t, a, there); took > 5*time.Second {
				t.Errorf("healed after %v", took)
			}
			a.subscribed()
			if _, err := a.root.To("r").Sockets(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARedisThatStandsStillIsNoticedWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{})
	redis.Pause()
	began := time.Now()
	a.watch.until(t, "the loss to be noticed", func() bool { return a.watch.count(func() int { return a.watch.lost }) > 0 })
	if took := time.Since(began); took > 3500*time.Millisecond {
		t.Errorf("noticed after %v", took)
	}
	redis.Resume()
	a.subscribed()
}

// By default Redis saves what it has, and stops writes where that fails. What is published goes on.
func TestARedisThatCannotSaveCarriesMessages(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	redis.FailToSave()
	a, b := serve(t, open(t, nil, redis.Addr()), Options{}), serve(t, open(t, nil, redis.Addr()), Options{})
	there := b.member("/", "r")
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); a.adapter.beat.back.Load() < 3; <-look.C { // it has asked for signs of life
		if time.Now().After(end) {
			t.Fatal("nothing comes back")
		}
	}
	a.root.To("r").Emit("x")
	there.expect(`2["x"]`)
	if lost := b.watch.count(func() int { return b.watch.lost }); lost > 0 {
		t.Errorf("lost %d times", lost)
	}
}

func TestAServerThatMayNotPublishAnyMoreKnowsItUntilItMay(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	redis.Do("ACL", "SETUSER", "app", "on", "nopass", "~*", "&*", "+@all")
	a := serve(t, open(t, func(o *rueidis.ClientOption) { o.Username, o.Password = "app", "any" }, redis.Addr()), Options{})
	redis.Do("ACL", "SETUSER", "app", "-publish")
	a.watch.until(t, "the loss, and two attempts", func() bool { return a.watch.count(func() int { return a.watch.lost }) > 2 })
	if n := a.watch.count(func() int { return a.watch.connected }); n != 1 || a.adapter.Connected() {
		t.Errorf("connected %d times", n)
	}
	redis.Do("ACL", "SETUSER", "app", "+publish")
	a.subscribed()
}

func TestAStreamThatCannotBeReadIsSaidOnceAndThatItCanAgain(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	redis.Do("SET", "stream", "somebody else's")
	a := serve(t, open(t, nil, redis.Addr()), Options{Stream: "stream"})
	said := func() int { return a.watch.count(func() int { return len(a.watch.stream) }) }
	a.watch.until(t, "a word", func() bool { return said() > 0 })
	redis.Do("DEL", "stream")
	a.watch.until(t, "another", func() bool { return said() > 1 })
	if first, second := a.watch.stream[0], a.watch.stream[1]; first == nil || second != nil {
		t.Errorf("%v, %v", first, second)
	}
}

// All that is queued has a deadline together then, and not each part of it.
func TestAShutdownWaitsNoLongerThanItMayForARedisThatStandsStill(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	adapter, err := New(open(t, nil, redis.Addr()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	io := socketio.NewServer(socketio.Options{Cluster: adapter})
	t.Cleanup(func() { io.Shutdown(context.Background()) })
	root := io.Of("/")
	if err := adapter.Subscribed(t.Context()); err != nil {
		t.Fatal(err)
	}
	redis.Pause()
	for range 10 * publishMost {
		root.Emit("x")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := adapter.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended by %v", err)
	}
	if took := time.Since(began); took > 2*publishWithin {
		t.Errorf("it took %v", took)
	}
}

func TestAFailoverOfTheSentinelMovesTheSubscription(t *testing.T) {
	t.Parallel()
	redis := redistest.StartSentinel(t)
	sentinel := func(o *rueidis.ClientOption) {
		o.Sentinel.MasterSet = redistest.MasterSet
		o.Sentinel.Dialer = o.Dialer
	}
	a, b := serve(t, open(t, sentinel, redis.Addr()), Options{}), serve(t, open(t, sentinel, redis.Addr()), Options{})
	there := b.member("/", "r")
	redis.Master.Pause() // it does not close its connections
	took := heals(t, a, there)
	redis.Master.Resume()
	t.Logf("healed after %v", took)
	if took > 5*time.Second {
		t.Errorf("healed after %v", took)
	}
}

// divided is a client whose subscriptions go to another server than what it publishes, as after a failover that one connection has
// not noticed: both answer pings.
type divided struct {
	rueidis.Client
	subscribes atomic.Pointer[rueidis.Client]
}

func (d *divided) Dedicate() (rueidis.DedicatedClient, func()) {
	return (*d.subscribes.Load()).Dedicate()
}

func TestASubscriptionToAnotherServerThanIsPublishedToIsNoticed(t *testing.T) {
	t.Parallel()
	client, other := open(t, nil, redistest.Start(t).Addr()), open(t, nil, redistest.Start(t).Addr())
	d := &divided{Client: client}
	d.subscribes.Store(&other)
	a := serve(t, d, Options{})
	began := time.Now()
	a.watch.until(t, "the loss", func() bool { return a.watch.count(func() int { return a.watch.lost }) > 0 })
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("noticed after %v", took)
	}
	d.subscribes.Store(&client)
	there := a.member("/", "r")
	heals(t, serve(t, client, Options{}), there)
	d.subscribes.Store(&other)
	lost := a.watch.count(func() int { return a.watch.lost })
	a.adapter.Resubscribe() // as to what a name leads to now
	a.watch.until(t, "another connection", func() bool { return a.watch.count(func() int { return a.watch.lost }) > lost })
	d.subscribes.Store(&client)
	heals(t, serve(t, client, Options{}), there)
}

func TestWhatTheQueueCannotTakeIsDroppedAndCountedAndNothingWaits(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := serve(t, open(t, nil, redis.Addr()), Options{QueueCount: 10})
	redis.Pause()
	began := time.Now()
	for range 100 {
		a.root.Emit("x")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	if n := a.watch.droppedBy(OutFull); n < 70 {
		t.Errorf("%d of 100 were dropped", n)
	}
	redis.Resume()
	a.subscribed()
}

func TestARedisClusterCarriesEveryWire(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t)
	var addresses []string
	for _, node := range nodes {
		addresses = append(addresses, node.Addr())
	}
	for name, o := range languages {
		t.Run(name, func(t *testing.T) {
			o.Prefix = name
			a, b := serve(t, open(t, nil, addresses...), o), serve(t, open(t, nil, addresses...), o)
			var rooms []string
			for i := range 20 { // in slots of every master
				rooms = append(rooms, fmt.Sprint("room ", i))
			}
			here, there := a.member("/"), b.member("/", rooms...)
			for _, room := range rooms {
				a.root.To(room).Emit(room, 1)
				there.expect(fmt.Sprintf(`2[%q,1]`, room))
			}
			for i := range 100 { // of one room in order
				a.root.To(rooms[0]).Emit("x", i)
			}
			for i := range 100 {
				there.expect(fmt.Sprintf(`2["x",%d]`, i))
			}
			sockets, err := a.root.To().Sockets(t.Context())
			if err != nil || len(sockets) != 2 || sockets[0].ID != there.socket.ID() {
				t.Errorf("%d sockets, %v", len(sockets), err)
			}
			b.root.To(here.socket.ID()).Emit("private")
			here.expect(`2["private"]`)
			churn(t, a, b, b.member("/"))
		})
	}
}

func TestWhoHasNotAnsweredIsNamed(t *testing.T) {
	inEach(t, func(t *testing.T, a, b *server) {
		here, there := a.member("/", "r"), b.member("/", "r")
		if sockets, err := a.root.To("r").Sockets(t.Context()); err != nil || len(sockets) != 2 {
			t.Fatalf("%d sockets, %v", len(sockets), err)
		}
		blocked, release := make(chan struct{}), make(chan struct{})
		b.adapter.errand(func() { close(blocked); <-release })
		defer close(release)
		<-blocked
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		sockets, err := a.root.To("r").Sockets(ctx)
		var missing *MissingError
		if !errors.As(err, &missing) || !errors.Is(err, context.DeadlineExceeded) || missing.Expected != 1 || missing.Answered != 0 ||
			!slices.Equal(missing.Missing, []string{b.adapter.Name()}) {
			t.Errorf("%#v", err)
		}
		if len(sockets) != 1 || sockets[0].ID != here.socket.ID() {
			t.Errorf("%d sockets, and not that of %s", len(sockets), there.socket.ID())
		}
	})
}

func TestUnsealedMovedAndRepeatedMessagesAreNotHeard(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	key, other := []byte("0123456789abcdef0123456789abcdef"), []byte("another key of exactly 32 bytes!")
	client := open(t, nil, redis.Addr())
	a, b := serve(t, client, Options{Key: key}), serve(t, client, Options{Key: key})
	plain, stranger := serve(t, client, Options{}), serve(t, client, Options{Key: other})
	there, elsewhere := b.member("/", "r"), plain.member("/", "r")
	plain.root.To("r").Emit("unsealed")
	stranger.root.To("r").Emit("with another key")
	plain.root.Emit("plain last")
	elsewhere.expect(`2["unsealed"]`)
	elsewhere.expect(`2["plain last"]`)
	// A message for one room, caught and told to another.
	_, payload, err := a.adapter.wire.encode("/", &message{kind: broadcast, to: socketio.Target{Rooms: []string{"r"}}, event: "moved", args: []json.RawMessage{}})
	if err != nil {
		t.Fatal(err)
	}
	a.publish("socket.io#/#r#", string(a.adapter.seal.close("socket.io#/#other#", payload)))
	b.watch.until(t, "four messages to be counted as unsealed", func() bool { return b.watch.droppedBy(InUnsealed) == 4 })
	// Overheard ones: one that was heard, one that was said before it, and one of long ago, whose sender nobody knows any more.
	now, sealing := numberOf(time.Now()), a.adapter.seal
	for _, number := range []uint64{now, now, now - 1} {
		a.publish("socket.io#/#r#", string(sealing.closeAs(number, "socket.io#/#r#", payload)))
	}
	gone := &seal{aead: sealing.aead, uid: strings.Repeat("x", len(sealing.uid))}
	a.publish("socket.io#/#r#", string(gone.closeAs(numberOf(time.Now().Add(-clocksDiffer)), "socket.io#/#r#", payload)))
	there.expect(`2["moved"]`)
	b.watch.until(t, "three messages more to be counted", func() bool { return b.watch.droppedBy(InUnsealed) == 7 })
	a.root.To("r").Emit("last")
	there.expectThenLast()
	plain.watch.until(t, "a sealed message to be counted where there is no key", func() bool { return plain.watch.droppedBy(InUnsealed) > 0 })
	if _, err := New(client, Options{Key: []byte("short")}); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := New(client, Options{Wire: "none"}); err == nil {
		t.Error("an unknown wire was taken")
	}
}
