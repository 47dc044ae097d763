package chat

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// deliberate is a Store that answers MayStay when it is told to.
type deliberate struct {
	memory
	begun, answer chan struct{}
}

func (d *deliberate) MayStay(ctx context.Context, seats []message.Seat) ([]bool, error) {
	d.begun <- struct{}{}
	<-d.answer
	return d.memory.MayStay(ctx, seats)
}

func TestThoseWhoComeBackTogetherAskInOneQuestion(t *testing.T) {
	t.Parallel()
	store := &deliberate{memory: memory{guests: map[string]bool{"ann": true}}, begun: make(chan struct{}), answer: make(chan struct{})}
	var running, asking sync.WaitGroup
	g := &enquiries[message.Seat, bool]{answer: store.MayStay, running: &running}
	ask := func(user string) {
		seats := []message.Seat{{Room: "r", User: user}, {Room: "q", User: user}}
		may, err := g.ask(t.Context(), seats)
		if want := user == "ann"; err != nil || len(may) != 2 || may[0] != want || may[1] != want {
			t.Errorf("%s: %v, %v", user, may, err)
		}
	}
	asking.Go(func() { ask("ann") })
	<-store.begun
	for i := range 100 {
		asking.Go(func() { ask(fmt.Sprint("eve ", i)) })
		asking.Go(func() { ask("ann") })
	}
	for waiting := 0; waiting < 200; {
		g.mu.Lock()
		waiting = len(g.waiting)
		g.mu.Unlock()
	}
	store.answer <- struct{}{}
	<-store.begun
	store.answer <- struct{}{}
	asking.Wait()
	running.Wait()
	if store.most != 400 {
		t.Errorf("the second question was about %d seats", store.most)
	}
}

func TestAnErrorIsForThoseWhoAskedTogetherAndNobodyElse(t *testing.T) {
	t.Parallel()
	store := &memory{barred: message.ErrUnavailable}
	var running sync.WaitGroup
	defer running.Wait()
	g := &enquiries[message.Seat, bool]{answer: store.MayStay, running: &running}
	if _, err := g.ask(t.Context(), []message.Seat{{Room: "r", User: "ann"}}); err != message.ErrUnavailable {
		t.Errorf("got %v", err)
	}
	store.set(func() { store.barred = nil })
	if may, err := g.ask(t.Context(), []message.Seat{{Room: "r", User: "ann"}}); err != nil || !may[0] {
		t.Errorf("got %v, %v", may, err)
	}
}
