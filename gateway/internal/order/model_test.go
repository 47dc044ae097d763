package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// soon is how long a message may take to every gateway while the database answers, whatever the wire does.
const soon = time.Second

// Gateways that commit at random, on a wire that delays, loses, doubles and reorders, and is gone at times, as the database is:
// every gateway tells every message, once, in the order of the commits and soon; whoever is in a room hears it, and senders get their
// acks after their rooms.
func TestEveryGatewayTellsEveryMessageOnceInOneOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func simulate(t *testing.T, random *rand.Rand) {
	c := newCluster(t, random.Uint64())
	c.wire.delay = time.Duration(1+random.IntN(200)) * time.Millisecond
	c.wire.loss, c.wire.twice = random.Float64()/3, random.Float64()/5
	c.table.undone = random.Float64() / 5
	options := Options{}
	if random.IntN(3) == 0 {
		options.MaxWaiting = 1 + random.IntN(20)
	}
	rate := time.Duration(1+random.IntN(100)) * time.Millisecond
	for range 2 + random.IntN(4) {
		c.join(options, rate)
	}
	for range 4 {
		time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
		switch random.IntN(4) {
		case 0:
			c.wire.setGone(true, random.IntN(2) == 0)
			time.Sleep(time.Duration(random.IntN(4000)) * time.Millisecond)
			c.wire.setGone(false, false)
		case 1:
			c.table.outage(time.Duration(random.IntN(4000)) * time.Millisecond)
		case 2:
			c.join(options, rate)
		}
	}
	c.finish()
	for _, g := range c.gateways {
		c.check(g)
	}
}

// check compares what a gateway has told with what was committed since it began.
func (c *cluster) check(g *gateway) {
	c.t.Helper()
	var want, got []uint64
	var slowest time.Duration
	for _, row := range c.table.rows {
		if row.Position > g.began {
			want = append(want, row.Position)
		}
	}
	for _, told := range g.told {
		got = append(got, told.position)
		committed := c.table.committed[told.position]
		slowest = max(slowest, told.at.Sub(c.table.upAt(committed)))
	}
	if slowest > soon {
		c.t.Errorf("%s tells a message %s after its commit", g.name, slowest)
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s, since %d, tells %d messages of %d: %s", g.name, g.began, len(got), len(want), difference(got, want))
	}
	for position, acks := range g.acks {
		if acks != 1 {
			c.t.Errorf("%s acks %d %d times", g.name, position, acks)
		}
	}
	if len(g.acks) != g.sent {
		c.t.Errorf("%s acks %d messages of %d", g.name, len(g.acks), g.sent)
	}
}

func difference(got, want []uint64) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("at %d it tells %d, and %d was committed", i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
		}
	}
	return "none"
}
