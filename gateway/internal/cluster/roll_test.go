package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tab is one connection of somebody, in some rooms.
type tab struct {
	user  string
	rooms []string
	at    int // the gateway; -1 while it is away
}

// deployment is gateways that are restarted, and people who come back elsewhere. All are in their rooms all the time, as far as lists tell.
type deployment struct {
	*world
	t     *testing.T
	rooms map[string][]string // who is in them

	turn     sync.Mutex
	luck     *rand.Rand
	gateways []*gateway // nil while one is away
	tabs     []*tab
}

// deploy starts gateways that are so far from Redis.
func deploy(t *testing.T, w *world, gateways int, seed uint64, delay time.Duration) *deployment {
	w.delay = delay
	d := &deployment{world: w, t: t, luck: rand.New(rand.NewPCG(seed, 0)), rooms: make(map[string][]string)}
	for range gateways {
		d.gateways = append(d.gateways, w.gateway(t))
		time.Sleep(d.upTo(renewal))
	}
	return d
}

func (d *deployment) upTo(most time.Duration) time.Duration {
	d.turn.Lock()
	defer d.turn.Unlock()
	return time.Duration(d.luck.Int64N(int64(most)))
}

// enter has somebody come to a gateway, with one more tab.
func (d *deployment) enter(user string, at int, rooms ...string) {
	d.tabs = append(d.tabs, &tab{user, rooms, at})
	for _, room := range rooms {
		d.gateways[at].enter(room, user)
		d.rooms[room] = append(d.rooms[room], user)
	}
}

// stop drains a gateway, whose clients come back elsewhere in so long at most, and ends it.
func (d *deployment) stop(at int, most time.Duration) {
	g := d.set(at, nil)
	g.Drain()
	for _, tab := range d.leave(at) {
		for _, room := range tab.rooms {
			g.rosters.Away(room, person(tab.user))
		}
		away, first := d.upTo(most), int(d.upTo(time.Second))
		go func() {
			time.Sleep(away)
			d.comesBack(tab, first)
		}()
	}
	limit, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := g.Close(limit); err != nil {
		d.t.Error(err)
	}
	d.check(g)
	g.rosters.Close()
}

func (d *deployment) start(at int) { d.set(at, d.gateway(d.t)) }

func (d *deployment) set(at int, g *gateway) (before *gateway) {
	d.turn.Lock()
	defer d.turn.Unlock()
	before, d.gateways[at] = d.gateways[at], g
	return before
}

// leave returns whose tabs are at a gateway, and has them be nowhere.
func (d *deployment) leave(at int) (all []*tab) {
	d.turn.Lock()
	defer d.turn.Unlock()
	for _, tab := range d.tabs {
		if tab.at == at {
			tab.at = -1
			all = append(all, tab)
		}
	}
	return all
}

// comesBack takes a tab to a gateway, or to the next that is there.
func (d *deployment) comesBack(tab *tab, first int) {
	d.turn.Lock()
	defer d.turn.Unlock()
	for i := range d.gateways {
		at := (first + i) % len(d.gateways)
		if g := d.gateways[at]; g != nil {
			tab.at = at
			for _, room := range tab.rooms {
				g.enter(room, tab.user)
			}
			return
		}
	}
	d.t.Error("no gateway is there")
}

// check holds what rooms were told at a gateway against who is there.
func (d *deployment) check(g *gateway) {
	for room, everybody := range d.rooms {
		nobodyLeft(d.t, g, room, everybody...)
	}
}

func (d *deployment) end() {
	for _, g := range d.gateways {
		if g != nil {
			d.check(g)
			g.kill()
		}
	}
}

// forget has what rooms have been told so far not count: who came first was alone.
func (d *deployment) forget() {
	for _, g := range d.gateways {
		for room := range d.rooms {
			g.lists(room)
		}
	}
}

func TestNobodyLeavesAListInARollingRestart(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				d := deploy(t, w, 2+int(seed%2), seed, time.Duration(1+seed*37%100)*time.Millisecond)
				for i := range 12 {
					rooms := []string{"all", fmt.Sprint("room", i%3)}
					d.enter(fmt.Sprint("user", i), i%len(d.gateways), rooms...)
					if i%4 == 0 { // who has a second tab, at another gateway
						d.enter(fmt.Sprint("user", i), (i+1)%len(d.gateways), rooms...)
					}
				}
				time.Sleep(10 * time.Second)
				d.forget()
				for range 3 {
					for at := range d.gateways {
						d.stop(at, lingers-2*w.delay)
						time.Sleep(d.upTo(time.Second))
						d.start(at)
						time.Sleep(4*w.delay + d.upTo(1500*time.Millisecond))
						synctest.Wait()
					}
				}
				time.Sleep(10 * time.Second)
				d.end()
			})
		})
	}
}

func TestNobodyLeavesAListWhereTwoGatewaysEndAtOnce(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				d := deploy(t, w, 3, seed, 10*time.Millisecond)
				d.enter("a", 2, "r")
				for i := range 5 { // with a tab at each of both
					d.enter(fmt.Sprint("user", i), 0, "r")
					d.enter(fmt.Sprint("user", i), 1, "r")
				}
				time.Sleep(10 * time.Second)
				d.forget()
				var stops sync.WaitGroup
				for at := range 2 {
					stops.Go(func() { d.stop(at, lingers-time.Second) })
					time.Sleep(d.upTo(30 * time.Millisecond))
				}
				stops.Wait()
				time.Sleep(10 * time.Second)
				d.end()
			})
		})
	}
}

// Who ends before all have come back leaves them listed until its lease is over.
func TestWhoIsListedByAGatewayThatHasEndedAlreadyStaysWhereTheyComeBack(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h, i := w.gateway(t), w.gateway(t), w.gateway(t)
		g.enter("r", "a")
		h.enter("r", "b")
		i.enter("r", "c")
		time.Sleep(10 * time.Second)
		g.Drain()
		g.rosters.Away("r", person("a"))
		limit, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
		defer cancel()
		g.Node.Close(limit)
		g.rosters.Close()
		h.enter("r", "a")
		settle()
		i.lists("r")
		h.Drain()
		h.rosters.Away("r", person("a"))
		time.Sleep(lingers - time.Second)
		i.enter("r", "a")
		time.Sleep(5 * time.Second)
		nobodyLeft(t, i, "r", "a", "b", "c")
		h.kill()
		i.kill()
	})
}

func TestWhoComesToAGatewayThatHasJustStartedIsToldOfThoseElsewhere(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		d := deploy(t, w, 1, 0, 100*time.Millisecond)
		d.enter("a", 0, "r")
		time.Sleep(10 * time.Second)
		d.forget()
		d.gateways = append(d.gateways, nil)
		d.start(1)
		d.enter("b", 1, "r")
		time.Sleep(10 * time.Second)
		d.end()
	})
}

func TestGatewayThatEndsKnowsOfOneThatHasJustStarted(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		d := deploy(t, w, 1, 0, time.Millisecond)
		for _, user := range []string{"a", "b"} {
			d.enter(user, 0, "r")
		}
		time.Sleep(10*time.Second + renewal/10)
		d.forget()
		d.gateways = append(d.gateways, nil)
		d.start(1)
		d.stop(0, lingers-time.Second)
		d.end()
	})
}
