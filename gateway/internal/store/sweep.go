package store

import (
	"context"
	"time"
)

// sweep is the goroutine that reads what was missed: of everybody who waits, and then of everybody who came meanwhile. It ends
// with ctx. Shortly after the start it also loads the fingerprints that have turned up.
func (s *Store) sweep(ctx context.Context, load func() error) {
	late := newLateReading()
	defer late.Stop()
	for {
		select {
		case <-s.asking.come:
			s.sweepFor(ctx, s.asking.take())
		case <-late.C:
			late.done(load())
		case <-ctx.Done():
			s.asking.close()
			for _, a := range s.asking.take() {
				a.refuse(errClosing)
				close(a.done)
			}
			return
		}
	}
}

// sweepFor reads what all of them have missed, and lets them go.
func (s *Store) sweepFor(ctx context.Context, all []*asked) {
	if len(all) == 0 {
		return
	}
	began := time.Now()
	w := newSwath(s, all)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	w.read(ctx)
	for _, a := range all {
		close(a.done)
	}
	s.watch.MissedRead(len(all), w.rows, time.Since(began))
}
