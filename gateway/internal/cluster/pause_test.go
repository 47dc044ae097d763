package cluster

import (
	"testing"
	"time"
)

// A machine that is suspended takes all its gateways with it: who goes on first must not take the others for dead.
func TestGatewaysThatStoodStillTogetherStayOnEachOthersLists(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		gateways := []*gateway{w.gateway(t), w.gateway(t)}
		for i, g := range gateways {
			defer g.close()
			g.enter("r", string(rune('a'+i)))
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		for _, g := range gateways {
			g.lists("r")
			g.link.freeze()
		}
		time.Sleep(10 * time.Second)
		gateways[0].link.thaw()
		time.Sleep(2500 * time.Millisecond)
		gateways[1].link.thaw()
		time.Sleep(5 * time.Second)
		for _, g := range gateways {
			nobodyLeft(t, g, "r", "a", "b")
			expectList(t, g, "r", "a,b")
		}
	})
}

func TestDrainThatTakesLongDoesNotListAnybodyForLonger(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		defer h.close()
		g.enter("r", "a")
		h.enter("r", "b", "c")
		time.Sleep(5 * time.Second)
		h.Drain()
		h.rosters.Away("r", person("b"))
		time.Sleep(4 * time.Second)
		expectList(t, g, "r", "a,b,c")
		time.Sleep(2500 * time.Millisecond)
		expectList(t, g, "r", "a,c")
		expectList(t, h, "r", "a,c")
	})
}
