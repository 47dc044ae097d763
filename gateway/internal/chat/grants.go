package chat

import (
	"context"
	"sync"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// grants asks the store who may stay where, for many that come back at the same time: what gathers while one question is under way
// is the next. Any goroutine may use it.
type grants struct {
	store   Store
	running *sync.WaitGroup // of the goroutine that asks

	mu      lockorder.Mutex[grants]
	waiting []*grant
	asking  bool
}

// grant is what one caller waits for.
type grant struct {
	seats []message.Seat
	may   []bool
	err   error
	done  chan struct{}
}

// maxGrants is how many seats one question is about, but for those of one caller.
const maxGrants = 1000

// ask answers as Store.MayStay, or with the context's error when that ends first.
func (g *grants) ask(ctx context.Context, seats []message.Seat) ([]bool, error) {
	own := &grant{seats: seats, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, own)
	if !g.asking {
		g.asking = true
		g.running.Go(func() { g.run(ctx) })
	}
	g.mu.Unlock()
	select {
	case <-own.done:
		return own.may, own.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run asks until nobody waits.
func (g *grants) run(ctx context.Context) {
	for batch := g.take(); batch != nil; batch = g.take() {
		var seats []message.Seat
		for _, one := range batch {
			seats = append(seats, one.seats...)
		}
		may, err := g.store.MayStay(ctx, seats)
		for _, one := range batch {
			if one.err = err; err == nil {
				one.may, may = may[:len(one.seats)], may[len(one.seats):]
			}
			close(one.done)
		}
	}
}

// take returns who is asked for next, or nil: then nobody asks any more.
func (g *grants) take() []*grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, seats := 0, 0
	for n < len(g.waiting) && (n == 0 || seats+len(g.waiting[n].seats) <= maxGrants) {
		seats += len(g.waiting[n].seats)
		n++
	}
	batch := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; n == 0 {
		g.waiting, g.asking = nil, false
		return nil
	}
	return batch
}
