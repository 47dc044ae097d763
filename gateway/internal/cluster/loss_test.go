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
