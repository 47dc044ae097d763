package cluster

import (
	"fmt"
	"testing"
	"time"
)

func TestALossHasAllWrittenAgainOnce(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g := w.gateway(t)
		defer g.close()
		for i := range 50 {
			g.enter("r", fmt.Sprint(i))
			settle()
		}
		w.with(w.flush)
		time.Sleep(5 * time.Second)
		if n := g.Stats().Rewrites; n != 1 {
			t.Errorf("all was written again %d times", n)
		}
	})
}

// Nobody knows of its lease any more then, and those who live are spared until they have theirs again.
func TestAGatewayThatIsKilledWhileRedisLosesAllIsGoneWithinFiveSeconds(t *testing.T) {
	for part := range 10 { // of the time between two renewals
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				g, h, i := w.gateway(t), w.gateway(t), w.gateway(t)
				defer g.close()
				time.Sleep(700 * time.Millisecond)
				defer i.close()
				g.enter("r", "a")
				h.enter("r", "b", "c")
				i.enter("r", "d")
				time.Sleep(10*time.Second + time.Duration(part)*renewal/10)
				g.lists("r")
				h.kill()
				w.with(w.flush)
				time.Sleep(5 * time.Second)
				expectList(t, g, "r", "a,d")
				nobodyLeft(t, g, "r", "a", "d")
			})
		})
	}
}

// While Redis was away nobody could renew, and a missing lease counts again once whoever lives has: what was asked before its return fails up to a
// second after it.
func TestAGatewayThatIsKilledWhileRedisIsAwayIsGoneFiveSecondsAfterTheLastFailure(t *testing.T) {
	for part := range 10 {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				g, h, i := w.gateway(t), w.gateway(t), w.gateway(t)
				defer g.close()
				time.Sleep(700 * time.Millisecond)
				defer i.close()
				g.enter("r", "a")
				h.enter("r", "b", "c")
				i.enter("r", "d")
				time.Sleep(10 * time.Second)
				g.lists("r")
				w.with(func() { w.down = true })
				h.kill()
				time.Sleep(4*time.Second + time.Duration(part)*renewal/10)
				g.enter("r", "e") // is tried to be written now
				time.Sleep(renewal / 2)
				w.with(func() { w.down = false })
				time.Sleep(patience + 4300*time.Millisecond)
				expectList(t, g, "r", "a,d,e")
				nobodyLeft(t, g, "r", "a", "d")
			})
		})
	}
}

// What throws keys away, or a master of a Redis Cluster, may lose a room and not what a gateway says of it. Whoever is there knows who is in it.
func TestARoomThatIsLostAloneIsWrittenAgainForWhoComesLater(t *testing.T) {
	for name, lose := range map[string]func(w *world, epoch string, before *share){
		"all of it":    func(w *world, epoch string, _ *share) { delete(w.rooms, "r") },
		"the latest":   func(w *world, epoch string, before *share) { w.rooms["r"][epoch] = before },
		"what is said": func(w *world, epoch string, _ *share) { delete(w.indexes, epoch) },
	} {
		t.Run(name, func(t *testing.T) {
			model(t, func(t *testing.T, w *world) {
				g, h := w.gateway(t), w.gateway(t)
				defer g.close()
				defer h.close()
				h.enter("r", "a")
				settle()
				var before *share
				w.with(func() { before = cloneRooms(w.rooms)["r"][h.view.epoch] })
				h.enter("r", "b")
				g.enter("r", "c")
				time.Sleep(5 * time.Second)
				w.with(func() { lose(w, h.view.epoch, before) })
				late := w.gateway(t)
				defer late.close()
				late.enter("r", "d")
				time.Sleep(5 * time.Second)
				for _, all := range []*gateway{g, h, late} {
					expectList(t, all, "r", "a,b,c,d")
				}
				nobodyLeft(t, g, "r", "c")
				w.with(func() {
					said, is := w.indexes[h.view.epoch]["r"], w.rooms["r"][h.view.epoch]
					if is == nil || len(is.users) != 2 || said.digest != is.digest {
						t.Errorf("%+v is said, and there is %+v", said, is)
					}
				})
			})
		})
	}
}

// Those who linger at it would count as back there.
func TestAGatewayThatEndsTellsSoInTheEpochThatItTakesAfterALoss(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		settle()
		g.Drain()
		w.with(w.flush)
		time.Sleep(3 * time.Second)
		g.Node.mu.Lock()
		epoch := g.view.epoch
		g.Node.mu.Unlock()
		h.Node.mu.Lock()
		defer h.Node.mu.Unlock()
		if p := h.view.peers[epoch]; p == nil || !p.ends {
			t.Errorf("the other knows of %+v", p)
		}
	})
}
