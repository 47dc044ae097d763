package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// departures note when each client was closed.
type departures struct{ at []time.Time }

func (d *departures) Close(engineio.Reason) { d.at = append(d.at, time.Now()) }

func TestADrainClosesClientsEvenlyAndInTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		clients, most int
		took          time.Duration
	}{{0, 0, 0}, {20, 25, 0}, {100, 25, 300 * time.Millisecond}, {10_000, 250, 3900 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			var gone departures
			all := make([]leaver, c.clients)
			for i := range all {
				all[i] = &gone
			}
			began := time.Now()
			closeInSlices(t.Context(), all, 4*time.Second)
			perTime := map[time.Time]int{}
			for _, at := range gone.at {
				perTime[at]++
			}
			for _, n := range perTime {
				if n > c.most {
					t.Errorf("of %d, %d at once", c.clients, n)
				}
			}
			if took := time.Since(began); took != c.took || len(gone.at) != c.clients {
				t.Errorf("%d of %d in %s, want %s", len(gone.at), c.clients, took, c.took)
			}
		})
	}
}

func TestADrainEndsWhenThereIsNoTimeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var gone departures
		all := make([]leaver, 1000)
		for i := range all {
			all[i] = &gone
		}
		began := time.Now()
		closeInSlices(ctx, all, 4*time.Second)
		if took := time.Since(began); took != time.Second || len(gone.at) == 0 || len(gone.at) == 1000 {
			t.Errorf("%d closed in %s", len(gone.at), took)
		}
	})
}
