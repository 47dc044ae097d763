package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// gateway is a node with its rosters, as a process has them.
type gateway struct {
	*Node
	link    *link
	rosters *presence.Rosters

	mu   sync.Mutex
	told map[string][]string // lists by room, as "a,b"
}

func (w *world) gateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{link: &link{world: w, history: w.history}, told: make(map[string][]string)}
	g.Node = start(g.link, newEpoch(), Options{Prefix: "p", ConnectionsPerUser: 16, Logger: slog.New(slog.DiscardHandler)})
	<-g.asked
	g.rosters = presence.New(presence.Options{Announce: g.announce, Others: g.Node})
	return g
}

func (g *gateway) announce(room string, list presence.List) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told[room] = append(g.told[room], names(list))
	return 0
}

func names(list presence.List) string {
	var ids []string
	for _, p := range list.People {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, ",")
}

func (g *gateway) list(room string) string { return names(g.rosters.List(room)) }

// lists returns what a room was told since the last call.
func (g *gateway) lists(room string) []string {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	lists := g.told[room]
	delete(g.told, room)
	return lists
}

// kill ends a gateway as kill -9 does.
func (g *gateway) kill() {
	g.cancel()
	g.running.Wait()
	g.rosters.Close()
}

func (g *gateway) close() {
	g.Node.Close(context.Background())
	g.rosters.Close()
}

func person(id string) *contract.Person { return contract.NewPerson(id, rawjson.Quote(id), "N"+id) }

func (g *gateway) enter(room string, ids ...string) {
	for _, id := range ids {
		g.rosters.Enter(room, person(id))
	}
}

func model(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld()) })
}

func settle() { time.Sleep(250 * time.Millisecond); synctest.Wait() }

func expectList(t *testing.T, g *gateway, room, want string) {
	t.Helper()
	if got := g.list(room); got != want {
		t.Errorf("%s has %q, want %q", room, got, want)
	}
}

// nobodyLeft fails where a list lacked somebody.
func nobodyLeft(t *testing.T, g *gateway, room string, everybody ...string) {
	t.Helper()
	for _, list := range g.lists(room) {
		for _, id := range everybody {
			if !slices.Contains(strings.Split(list, ","), id) {
				t.Errorf("a list lacks %s: %s", id, list)
			}
		}
	}
}

func TestMembersOfAllGatewaysAreOneListUniqueByUser(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		settle()
		g.enter("r", "a", "b")
		settle()
		h.enter("r", "b", "c")
		settle()
		expectList(t, g, "r", "a,b,c")
		expectList(t, h, "r", "a,b,c")
		if lists := h.lists("r"); lists[0] != "a,b" && lists[0] != "a,b,c" {
			t.Errorf("the first list lacks those who were there: %q", lists)
		}
		g.rosters.Leave("r", person("b"))
		g.rosters.Leave("r", person("a"))
		settle()
		expectList(t, h, "r", "b,c")
		h.rosters.Leave("r", person("b"))
		settle()
		expectList(t, h, "r", "c")
	})
}

func TestTheJoinersListIsWholeFromTheFirstOn(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		w.delay = 100 * time.Millisecond
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		time.Sleep(time.Second)
		g.enter("r", "a")
		time.Sleep(time.Second)
		release := h.rosters.Await(context.Background(), "r")
		h.enter("r", "b")
		release()
		expectList(t, h, "r", "a,b")
		nobodyLeft(t, h, "r", "a", "b")
	})
}

func TestSecondTabsAndLeftOnesAreToldToNobody(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g := w.gateway(t)
		defer g.close()
		settle()
		g.enter("r", "a")
		settle()
		before := g.view.tried
		for range 10 {
			g.enter("r", "a")
			settle()
		}
		for range 10 {
			g.rosters.Leave("r", person("a"))
			settle()
		}
		if after := g.view.tried; after != before {
			t.Errorf("%d writes for further tabs", after-before)
		}
	})
}

func TestKilledGatewaysMembersAreGoneWithinFiveSeconds(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		g.enter("r", "a")
		h.enter("r", "b", "c", "d")
		time.Sleep(10 * time.Second)
		g.lists("r")
		h.kill()
		g.enter("r", "c") // comes back elsewhere within the lease
		time.Sleep(5 * time.Second)
		expectList(t, g, "r", "a,c")
		nobodyLeft(t, g, "r", "a", "c")
		time.Sleep(5 * time.Second)
		w.with(func() {
			if len(w.rooms["r"]) != 1 || len(w.known) != 1 || len(w.over) != 0 || len(w.indexes) != 1 {
				t.Errorf("not all was cleaned away: %v %v %v", w.rooms["r"], w.known, w.over)
			}
		})
	})
}

func TestDrainedGatewaysMembersStayUntilTheyAreBackOrFiveSeconds(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		g.enter("r", "a")
		h.enter("r", "b", "c")
		time.Sleep(10 * time.Second)
		g.lists("r")
		h.Drain()
		for _, id := range []string{"b", "c"} {
			h.rosters.Away("r", person(id))
		}
		time.Sleep(4 * time.Second)
		g.enter("r", "b")
		go h.close()
		time.Sleep(900 * time.Millisecond)
		nobodyLeft(t, g, "r", "a", "b", "c")
		time.Sleep(time.Second)
		expectList(t, g, "r", "a,b")
		nobodyLeft(t, g, "r", "a", "b")
	})
}

func TestDrainedGatewaysOwnListsKeepThoseWhoAreClosedFirst(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		g.enter("x", "z")
		h.enter("r", "a", "b")
		time.Sleep(5 * time.Second)
		h.Drain()
		h.rosters.Away("r", person("a"))
		settle()
		g.enter("r", "a")
		settle()
		nobodyLeft(t, h, "r", "b")
		expectList(t, h, "r", "a,b")
		h.rosters.Leave("r", person("b")) // who leaves does not linger
		settle()
		expectList(t, g, "r", "a")
		h.close()
	})
}

func TestNobodyLeavesAListForWhatRedisGoesThrough(t *testing.T) {
	for name, harm := range map[string]func(w *world){
		"flush":                      func(w *world) { w.with(w.flush) },
		"leases that are lost alone": func(w *world) { w.with(func() { clear(w.leases) }) },
		"restart":                    func(w *world) { w.with(func() { w.flush(); w.history++; w.hangUp() }) },
		"failover that loses a minute": func(w *world) {
			w.with(w.failover)
		},
		"away for a minute": func(w *world) {
			w.with(func() { w.down = true; w.hangUp() })
			time.Sleep(time.Minute)
			w.with(func() { w.down = false })
		},
		"away for two seconds": func(w *world) {
			w.with(func() { w.down = true })
			time.Sleep(2 * time.Second)
			w.with(func() { w.down = false })
		},
		"away and empty then": func(w *world) {
			w.with(func() { w.down = true; w.hangUp() })
			time.Sleep(10 * time.Second)
			w.with(func() { w.flush(); w.down = false })
		},
	} {
		t.Run(name, func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				gateways := []*gateway{w.gateway(t), w.gateway(t), w.gateway(t)}
				time.Sleep(1300 * time.Millisecond)
				w.with(w.save)
				var everybody []string
				for i, g := range gateways {
					defer g.close()
					everybody = append(everybody, fmt.Sprint(i))
					g.enter("r", fmt.Sprint(i))
					time.Sleep(430 * time.Millisecond) // renewals fall apart
				}
				time.Sleep(time.Minute)
				for _, g := range gateways {
					g.lists("r")
				}
				harm(w)
				gateways[0].enter("r", "late")
				time.Sleep(5 * time.Second)
				for _, g := range gateways {
					nobodyLeft(t, g, "r", everybody...)
					expectList(t, g, "r", "0,1,2,late")
				}
				gateways[1].enter("r", "later")
				gateways[0].rosters.Leave("r", person("late"))
				settle()
				for _, g := range gateways {
					expectList(t, g, "r", "0,1,2,later")
				}
				time.Sleep(time.Minute)
				w.with(func() {
					if len(w.known) != 3 || len(w.rooms["r"]) != 3 {
						t.Errorf("%v and %v are left", w.known, slices.Collect(maps.Keys(w.rooms["r"])))
					}
				})
				for _, g := range gateways {
					if s := g.Stats(); s.Gateways != 3 || s.Expired != 0 && (name == "flush" || strings.HasPrefix(name, "leases") || strings.HasPrefix(name, "away for")) {
						t.Errorf("%+v", s)
					}
				}
			})
		})
	}
}

// A process that is stopped for longer than its lease leaves the lists, and comes back to them by itself.
func TestStoppedGatewayFlickersAndItsLateWritesHarmNobody(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		g.enter("r", "a")
		h.enter("r", "b")
		time.Sleep(10 * time.Second)
		h.link.freeze()
		h.enter("r", "c") // waits to be written, and is written late
		time.Sleep(10 * time.Second)
		expectList(t, g, "r", "a")
		h.link.thaw()
		time.Sleep(5 * time.Second)
		expectList(t, g, "r", "a,b,c")
		expectList(t, h, "r", "a,b,c")
		time.Sleep(10 * time.Second)
		w.with(func() {
			if len(w.rooms["r"]) != 2 || len(w.known) != 2 {
				t.Errorf("%v and %v are left", w.known, w.rooms["r"])
			}
		})
	})
}

func TestMissedMessagesAndDriftAreMendedAndCounted(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		g.enter("r", "a")
		h.enter("r", "b")
		time.Sleep(10 * time.Second)
		w.with(func() { w.lossy = 1 })
		h.enter("r", "c")
		settle()
		w.with(func() { w.lossy = 0 })
		time.Sleep(4 * time.Second)
		expectList(t, g, "r", "a,b,c")
		if s := g.Stats(); s.Missed == 0 {
			t.Errorf("%+v", s)
		}
		for _, shares := range []string{"lost", "spoiled"} {
			drifted := g.Stats().Drifted
			g.mu.Lock()
			g.Node.mu.Lock()
			share := g.view.rooms["r"].shares[h.view.epoch]
			if shares == "lost" {
				delete(share.users, "c")
				share.digest = share.actual()
			} else {
				w.with(func() { delete(w.rooms["r"][h.view.epoch].users, "b") })
				g.view.want("r", g.view.rooms["r"])
			}
			g.Node.mu.Unlock()
			g.mu.Unlock()
			time.Sleep(5 * time.Second)
			expectList(t, g, "r", "a,b,c")
			if g.Stats().Drifted == drifted {
				t.Errorf("%s: not counted", shares)
			}
		}
		w.with(func() {
			if len(w.rooms["r"][h.view.epoch].users) != 2 {
				t.Error("Redis was not mended")
			}
		})
	})
}
