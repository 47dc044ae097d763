package store

import (
	"fmt"
	"testing"
	"time"
)

func TestTimesRiseWithinARoomWhateverTheSystemClockDoes(t *testing.T) {
	t.Parallel()
	var c roomClock
	last := map[string]time.Time{}
	start := time.UnixMilli(1_800_000_000_123)
	for i, step := range []time.Duration{0, 0, 300 * time.Microsecond, -time.Hour, 2 * time.Millisecond, -time.Second, time.Minute} {
		var batch []*entry
		for n := range 10 {
			batch = append(batch, &entry{room: fmt.Sprint(n % 3)})
		}
		c.stamp(batch, start.Add(step))
		for _, e := range batch {
			at := e.stored.CreatedAt
			if !at.After(last[e.room]) || at.Nanosecond()%1e6 != 0 || at.Location() != time.UTC {
				t.Errorf("batch %d: %s after %s", i, at, last[e.room])
			}
			last[e.room] = at
		}
	}
	if want := start.Add(time.Minute).Truncate(time.Millisecond); last["2"].Sub(want) > 2*time.Millisecond {
		t.Errorf("the clock stayed ahead: %s, now is %s", last["2"], want)
	}
}

func TestAClockThatGoesBackDoesNotTieWithAForgottenRoom(t *testing.T) {
	t.Parallel()
	var c roomClock
	start := time.UnixMilli(1_800_000_000_000)
	first, other, second := &entry{room: "r1"}, &entry{room: "r2"}, &entry{room: "r1"}
	c.stamp([]*entry{first}, start.Add(5*time.Millisecond))
	c.stamp([]*entry{other}, start.Add(9*time.Millisecond))
	c.stamp([]*entry{second}, start)
	if !second.stored.CreatedAt.After(first.stored.CreatedAt) {
		t.Errorf("%s after %s", second.stored.CreatedAt, first.stored.CreatedAt)
	}
}

func TestTheClockForgetsRoomsOfThePast(t *testing.T) {
	t.Parallel()
	var c roomClock
	now := time.Now()
	for i := range 10_000 {
		c.stamp([]*entry{{room: fmt.Sprint(i)}}, now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(c.last) > 1 {
		t.Errorf("remembers %d rooms", len(c.last))
	}
}
