package lookup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counter is a database whose look-ups take a second each, on fake time, and that remembers whose they were.
type counter struct {
	*Desk
	mu      sync.Mutex
	asked   []string
	refused map[string]int
	running sync.WaitGroup
}

func withCounter(t *testing.T, o Options, f func(t *testing.T, c *counter)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counter{refused: make(map[string]int)}
		o.Refused = func(reason string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.refused[reason]++
		}
		c.Desk = New(o)
		f(t, c)
		c.running.Wait()
		if c.queue.busy != 0 || c.queue.wait != 0 || len(c.queue.lines) != 0 || len(c.queue.turns) != 0 {
			t.Errorf("something is left: %+v", c.queue)
		}
	})
}

// come has somebody ask about something, and waits for nothing.
func (c *counter) come(ctx context.Context, key, about string, answer bool) {
	c.running.Go(func() {
		c.Ask(ctx, key, About(about), func() (bool, error) {
			c.mu.Lock()
			c.asked = append(c.asked, key)
			c.mu.Unlock()
			time.Sleep(time.Second)
			return answer, nil
		})
	})
	synctest.Wait()
}

// before counts the look-ups that began before the first one of a key.
func (c *counter) before(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, asked := range c.asked {
		if asked == key {
			return i
		}
	}
	return -1
}

func TestAnHonestLookUpDoesNotWaitBehind600OfAnAttacker(t *testing.T) {
	withCounter(t, Options{Running: 4, PerKey: 600, Total: 4096}, func(t *testing.T, c *counter) {
		for i := range 600 {
			c.come(t.Context(), "eve", fmt.Sprint(i), true)
		}
		c.come(t.Context(), "ann", "r", true)
		if n := c.before("ann"); n != 2 {
			t.Errorf("%d look-ups ran before, want the 2 of the attacker's share", n)
		}
		c.running.Wait()
	})
}

func TestAttackersTakeTurnsWithHonestUsers(t *testing.T) {
	withCounter(t, Options{Running: 4, PerKey: 200, Total: 4096}, func(t *testing.T, c *counter) {
		for i := range 600 {
			c.come(t.Context(), fmt.Sprint("eve", i%5), fmt.Sprint(i), true)
		}
		c.come(t.Context(), "ann", "r", true)
		c.running.Wait()
		if n := c.before("ann"); n < 0 || n > 4+5+3 {
			t.Errorf("%d look-ups ran before, want one turn of 5 users at most besides those that ran or began with it", n)
		}
	})
}

func TestWhoFillsTheQueueLeavesPlacesToOthers(t *testing.T) {
	withCounter(t, Options{Running: 2, PerKey: 100, Total: 100}, func(t *testing.T, c *counter) {
		for i := range 300 {
			c.come(t.Context(), fmt.Sprint("eve", i%3), fmt.Sprint(i), true)
		}
		for i := range 5 {
			c.come(t.Context(), fmt.Sprint("ann", i), "r", true)
		}
		c.running.Wait()
		for i := range 5 {
			if c.before(fmt.Sprint("ann", i)) < 0 {
				t.Errorf("ann%d found no place", i)
			}
		}
		if c.refused[ReasonFull] < 200 {
			t.Errorf("refused %v", c.refused)
		}
	})
}

func TestALookUpWhoseTurnDoesNotComeIsRefusedAndLeavesTheQueue(t *testing.T) {
	withCounter(t, Options{Running: 1, PerKey: 10, Total: 10}, func(t *testing.T, c *counter) {
		c.come(t.Context(), "eve", "slow", true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Ask(ctx, "ann", About("r"), nil); !errors.Is(err, ErrNoTurn) {
			t.Errorf("error %v", err)
		}
		if c.refused[ReasonNoTurn] != 1 {
			t.Errorf("refused %v", c.refused)
		}
		c.running.Wait()
	})
}

func TestANoIsRememberedWhileOthersWaitAndNotForLong(t *testing.T) {
	withCounter(t, Options{Running: 1, PerKey: 10, Total: 10}, func(t *testing.T, c *counter) {
		rush := func() {
			c.come(t.Context(), "eve", "a", true)
			c.come(t.Context(), "eve", "b", true)
		}
		c.come(t.Context(), "ann", "r", false)
		c.running.Wait()
		rush()
		c.come(t.Context(), "ann", "r", true)
		if c.refused[ReasonRemembered] != 1 {
			t.Error("it was asked again while others wait")
		}
		c.running.Wait()
		time.Sleep(2 * remembered)
		rush()
		c.come(t.Context(), "ann", "r", true)
		c.running.Wait()
		if c.refused[ReasonRemembered] != 1 {
			t.Error("it is remembered for long")
		}
	})
}

// Who is invited after a refusal comes in at once, where nobody waits.
func TestANoIsAskedAgainWhereNobodyWaits(t *testing.T) {
	withCounter(t, Options{Running: 1, PerKey: 10, Total: 10}, func(t *testing.T, c *counter) {
		for range 3 {
			c.come(t.Context(), "ann", "r", false)
			c.running.Wait()
		}
		if len(c.asked) != 3 {
			t.Errorf("asked %d times", len(c.asked))
		}
	})
}

func TestAYesIsNeverRemembered(t *testing.T) {
	withCounter(t, Options{Running: 1, PerKey: 10, Total: 10}, func(t *testing.T, c *counter) {
		c.come(t.Context(), "ann", "r", true)
		c.running.Wait()
		for range 5 { // others wait, too
			c.come(t.Context(), "ann", "r", true)
		}
		c.running.Wait()
		if len(c.asked) != 6 {
			t.Errorf("asked %d times, want 6", len(c.asked))
		}
	})
}

func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	var r refusals
	for i := range 10 * mostRefusals {
		r.add(About(fmt.Sprint(i)))
	}
	if n := len(r.recent) + len(r.older); n > 2*mostRefusals {
		t.Errorf("%d are kept", n)
	}
	if About("ab", "c") == About("a", "bc") {
		t.Error("two questions are one")
	}
}
