package cluster

import (
	"testing"
	"time"
)

func TestUserOfManyConnectionsIsCountedOverAllGateways(t *testing.T) {
	model(t, func(t *testing.T, w *world) {
		g, h := w.gateway(t), w.gateway(t)
		defer g.close()
		settle()
		for range 5 {
			h.Connected("a")
		}
		settle()
		if n := g.Elsewhere("a"); n != 4 { // in steps of an eighth of 16
			t.Errorf("%d", n)
		}
		for range 3 {
			h.Disconnected("a")
		}
		h.Connected("b")
		settle()
		if a, b := g.Elsewhere("a"), g.Elsewhere("b"); a != 2 || b != 0 {
			t.Errorf("%d, %d", a, b)
		}
		h.kill()
		time.Sleep(5 * time.Second)
		if n := g.Elsewhere("a"); n != 0 {
			t.Errorf("%d are counted of a gateway that is gone", n)
		}
	})
}
