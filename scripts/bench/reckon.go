//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

var clusterSizes = []int{1, 2, 5, 10, 20, 50}

// What people do in the clusters that are reckoned: so many of them are at each gateway, in a room of so many, whose members chance has
// put at gateways; each says something once a minute, and leaves and comes back once in ten.
const (
	membersEach = 20_000
	roomSize    = 10
	sayEvery    = 60.0
	comeEvery   = 600.0
)

const gigabit = 1e9 / 8 // bytes a second

// costs are what the parts of a cluster cost, measured in the same run. Times are seconds of CPU.
type costs struct {
	Message  float64 // of the sender's gateway, for a message that is stored, but for its deliveries
	Delivery float64
	Row      float64 // of Postgres
	Passed   float64 // of a gateway that hears another's message where nobody is in the room
	Heard    float64 // the same where somebody is, but for deliveries

	JoinPassed, JoinHeard float64 // the same for one who joins or leaves
	Merged                float64 // bytes of memory for each member that a gateway knows of

	RedisMessage, RedisCopy float64 // of Redis for a message, and for each gateway that gets it
	CopyBytes               float64 // what it writes to each
	RedisJoin               float64
	RedisRenewal            float64 // of a lease, for each gateway that is there

	Resting map[int]float64 // commands that each of so many nodes gives a second when nothing happens
	PerJoin map[int]float64 // commands for one who joins
	Turns   map[int]float64 // commits a second by so many gateways, each waiting for the clock
}

// reckoning is what a cluster costs. Shares are of one core.
type reckoning struct {
	Nodes, Members              int
	Messages                    float64 // a second
	Own, Deliveries             float64 // shares of a gateway's core
	Others, Presence            float64
	Redis                       float64 // share of its core
	Postgres                    float64 // share of the time: rows are written under the clock's lock
	Commands, Bytes             float64 // of Redis, a second
	Memory                      float64 // bytes of merged presence at each gateway
	Wait                        float64 // seconds of a commit for its turn, when all commit all the time
	First                       string  // what ends first when people do more, or are more
	Most                        float64 // how many members there are then, at as many gateways
	OthersOfAll, RedisForCopies float64 // what of a gateway's CPU, and of Redis', is for messages of others
}

func (r reckoning) gateway() float64 { return r.Own + r.Deliveries + r.Others + r.Presence }

// reckon tells what a cluster costs in which membersEach people are at each of its gateways.
func (c costs) reckon(nodes int) reckoning {
	n, members := float64(nodes), float64(nodes*membersEach)
	messages, moves := members/sayEvery, 2*members/comeEvery
	elsewhere := 1 - 1/n                               // of all that happens, as one gateway sees it
	follows := 1 - math.Pow(1-1/n, roomSize-1)         // chance that a room of another's has somebody here
	known := members * (1 - math.Pow(1-1/n, roomSize)) // members of rooms that have somebody here
	heard := func(yes, no float64) float64 { return follows*yes + (1-follows)*no }
	r := reckoning{
		Nodes: nodes, Members: int(members), Messages: messages,
		Own: messages / n * c.Message, Deliveries: messages / n * roomSize * c.Delivery,
		Others:   messages * elsewhere * heard(c.Heard, c.Passed),
		Presence: moves * elsewhere * heard(c.JoinHeard, c.JoinPassed),
		Redis:    messages*(c.RedisMessage+n*c.RedisCopy) + moves*(c.RedisJoin+n*c.RedisCopy) + n*n*c.RedisRenewal,
		Postgres: messages * c.Row,
		Commands: messages + moves*c.PerJoin[nodes] + n*c.Resting[nodes],
		Bytes:    messages * n * c.CopyBytes,
		Memory:   known * c.Merged,
		Wait:     n / c.turns(n),
	}
	r.OthersOfAll = r.Others / r.gateway()
	r.RedisForCopies = messages * n * c.RedisCopy / r.Redis
	r.Most = math.Inf(1)
	for _, end := range []struct {
		what  string
		share float64
	}{{"a gateway's core", r.gateway()}, {"Redis' core", r.Redis}, {"the clock's lock", r.Postgres}} {
		if most := members / end.share; most < r.Most {
			r.First, r.Most = end.what, most
		}
	}
	return r
}

// turns is a line between what was measured.
func (c costs) turns(nodes float64) float64 {
	below, above := 1.0, 50.0
	for measured := range c.Turns {
		if at := float64(measured); at <= nodes {
			below = max(below, at)
		} else {
			above = min(above, at)
		}
	}
	from, to := c.Turns[int(below)], c.Turns[int(above)]
	if above <= below {
		return from
	}
	return from + (to-from)*(nodes-below)/(above-below)
}

// table returns the reckoning in Markdown.
func (c costs) table(clusters []reckoning) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s members at each gateway, in rooms of %d; each says something once a minute, and leaves and comes back once in ten.\n\n", short(membersEach), roomSize)
	b.WriteString("| gateways | members | messages/s | core of a gateway: own, deliveries, others', presence | Redis: commands/s, MB/s out, core | Postgres: lock held, wait for a turn | merged presence, MiB each | ends first, at members |\n|--:|--:|--:|---|---|---|--:|---|\n")
	percent := func(v float64) string { return short(100*v) + "%" }
	for _, r := range clusters {
		fmt.Fprintf(&b, "| %d | %s | %s | %s, %s, %s, %s: %s | %s, %s, %s | %s, %s ms | %s | %s, %s |\n",
			r.Nodes, short(float64(r.Members)), short(r.Messages), percent(r.Own), percent(r.Deliveries), percent(r.Others), percent(r.Presence), percent(r.gateway()),
			short(r.Commands), short(r.Bytes/1e6), percent(r.Redis), percent(r.Postgres), short(1e3*r.Wait), short(r.Memory/(1<<20)), r.First, short(r.Most))
	}
	last := clusters[len(clusters)-1]
	fmt.Fprintf(&b, "\nOf a gateway's CPU among %d, %s is for messages of others; of Redis', %s is for writing them to every gateway.\n", last.Nodes, percent(last.OthersOfAll), percent(last.RedisForCopies))
	fmt.Fprintf(&b, "A network of 1 Gbit/s at Redis would be full at %s members among them, one of 10 Gbit/s at %s.\n",
		short(float64(last.Members)*gigabit/last.Bytes), short(float64(last.Members)*10*gigabit/last.Bytes))
	us := func(v float64) string { return short(1e6*v) + " us" }
	fmt.Fprintf(&b, "\nWhat was measured for it: a stored message %s, a delivery %s; another's message %s where nobody is in the room, %s where somebody is; another's join %s and %s. "+
		"Redis: a message %s and %s for each gateway that gets its %s bytes; a join %s. Commits by %s gateways: %s a second. "+
		"Simulated nodes, on a Redis that is 2 ms away and loses a message in 1,000: %s commands a second each at rest, %s a join.\n",
		us(c.Message), us(c.Delivery), us(c.Passed), us(c.Heard), us(c.JoinPassed), us(c.JoinHeard),
		us(c.RedisMessage), us(c.RedisCopy), short(c.CopyBytes), us(c.RedisJoin), byNodes(c.Turns, true), byNodes(c.Turns, false),
		rangeOf(c.Resting), rangeOf(c.PerJoin))
	return b.String()
}

// byNodes lists the keys or the values of a figure.
func byNodes(figure map[int]float64, keys bool) string {
	var nodes []int
	for n := range figure {
		nodes = append(nodes, n)
	}
	slices.Sort(nodes)
	var list []string
	for _, n := range nodes {
		if keys {
			list = append(list, fmt.Sprint(n))
		} else {
			list = append(list, short(figure[n]))
		}
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func rangeOf(figure map[int]float64) string {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range figure {
		least, most = min(least, v), max(most, v)
	}
	return short(least) + " to " + short(most)
}
