package order

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestGatewayIsNotReadyWhileMessagesAreMissing(t *testing.T) {
	t.Parallel()
	counter := &counter{}
	alone(t, Options{Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		g.hears(c.elsewhere("1", "2")[1])
		c.table.outage(20 * time.Second)
		time.Sleep(4 * time.Second)
		if err := g.Ready(); err != nil {
			t.Errorf("not ready after 4 s: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := g.Ready(); err == nil || g.Lag() < stalled {
			t.Errorf("ready after 6 s, with a lag of %s", g.Lag())
		}
		g.expect("")
		time.Sleep(15 * time.Second)
		if err := g.Ready(); err != nil {
			t.Errorf("not ready afterwards: %v", err)
		}
		g.expect("1* 2")
		c.table.outage(20 * time.Second)
		time.Sleep(7 * time.Second)
		if err := g.Ready(); err == nil {
			t.Error("ready without the clock")
		}
		time.Sleep(20 * time.Second)
	})
}

func TestReadThatDoesNotReturnIsGivenUp(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		g.hears(c.elsewhere("1", "2")[1])
		c.table.set(func() { c.table.stuck = true })
		time.Sleep(patience + readTimeout/2)
		c.table.set(func() { c.table.stuck = false })
		time.Sleep(readTimeout/2 + pause + 100*time.Millisecond)
		g.expect("1* 2")
	})
}

func TestClientThatIsAheadWaitsForWhatItHasHeardElsewhere(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		row := c.elsewhere("1")[0]
		began := time.Now()
		if !g.CatchUp(t.Context(), row.Position) || time.Since(began) > 50*time.Millisecond {
			t.Errorf("caught up after %s", time.Since(began))
		}
		g.expect("1*")
		began = time.Now()
		if g.CatchUp(t.Context(), row.Position+1) || time.Since(began) > 50*time.Millisecond {
			t.Errorf("it took %s to learn that there is no such message", time.Since(began))
		}
		if g.CatchUp(t.Context(), 1<<63) || !g.CatchUp(t.Context(), row.Position) {
			t.Error("a client has heard what nobody can have said")
		}
		rows := c.elsewhere("2", "3", "4")
		g.hears(rows[2]) // there is a hole behind what the client has heard
		if !g.CatchUp(t.Context(), rows[0].Position) {
			t.Error("a client was not told what is there")
		}
		time.Sleep(soon)
		g.expect("1* 2* 3* 4")
		row = c.elsewhere("5")[0]
		c.table.outage(time.Minute)
		if began = time.Now(); g.CatchUp(t.Context(), row.Position) || time.Since(began) != catchUpTimeout {
			t.Errorf("a client was kept waiting for %s", time.Since(began))
		}
		c.table.set(func() { c.table.outages = nil })
	})
}

// The latest rows are lost in a failover. What was told stays told, and what is committed later has later positions, since the
// clock is given what was told.
func TestFailoverThatLosesRowsLosesNothingElse(t *testing.T) {
	t.Parallel()
	counter := &counter{}
	alone(t, Options{Observer: counter}, func(t *testing.T, c *cluster, g *gateway) {
		g.hears(c.elsewhere("1", "2", "3")...)
		c.table.lose(2)
		time.Sleep(time.Minute)
		if err := g.Ready(); err != nil {
			t.Errorf("not ready: %v", err)
		}
		counter.expect(t, "lost", 1)
		g.commit("4")
		g.expect("1 2 3 4")
		g.hears(c.elsewhere("5")...)
		g.expect("1 2 3 4 5")
	})
}

// A message was heard whose predecessor is lost for good.
func TestHoleThatTheDatabaseHasLostIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		rows := c.elsewhere("1", "2", "3")
		g.hears(rows[0], rows[2])
		c.table.lose(2)
		time.Sleep(stalled - time.Second)
		g.expect("1")
		time.Sleep(2 * time.Second)
		g.expect("1 3")
		g.commit("4")
		g.expect("1 3 4")
	})
}

func TestOwnMessagesAreToldBeforeTheEndAndAckedInAnyCase(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t, 1)
			g := c.join(Options{}, 0)
			c.elsewhere("1")
			row := c.table.commit(0, message.Kept{InRoom: "a", Text: "own"})[0]
			if down {
				c.table.outage(time.Hour)
				g.options.MaxWaiting-- // the ack may come before
			}
			g.tellRow(row)
			began := time.Now()
			g.Close(context.Background())
			want := "1* own"
			if down {
				want = ""
			}
			if g.expect(want); g.acked(row.Position) != 1 || time.Since(began) > closeTimeout {
				t.Errorf("down %t: acked %d times, after %s", down, g.acked(row.Position), time.Since(began))
			}
			g.options.MaxWaiting--
			c.table.set(func() { c.table.outages = nil })
			late := c.elsewhere("late")
			g.hears(late...)
			g.tellRow(late[0])
			if g.acked(late[0].Position) != 1 {
				t.Error("what is committed late is not acked")
			}
		})
	}
}

// A bug of an app's own must not end what is told to everybody.
func TestAckThatPanicsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	alone(t, Options{}, func(t *testing.T, c *cluster, g *gateway) {
		func() {
			defer func() { recover() }()
			g.Tell(c.elsewhere("1")[0].Stored, message.Audience{Rooms: []string{"a"}}, "said", []byte(`"1"`), func() { panic("a bug") })
		}()
		g.hears(c.elsewhere("2")...)
		g.expect("1* 2")
	})
}

func BenchmarkOwnMessagesAlone(b *testing.B) {
	s := New(Options{
		Table: &fakeTable{dice: newCluster(nil, 1).table.dice},
		Local: func(uint64, message.Audience, string, []json.RawMessage) {}, Pass: func(uint64, []string, bool) bool { return true },
		Publish: func(uint64, uint64, message.Audience, string, []json.RawMessage) {},
	})
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	rooms, payload, told, position := message.Audience{Rooms: []string{"room"}}, []byte(`{"text":"hi"}`), func() {}, s.Known()
	b.ReportAllocs()
	for b.Loop() {
		s.Tell(message.Stored{Position: position + 1, Previous: position}, rooms, "said", payload, told)
		position++
	}
}
