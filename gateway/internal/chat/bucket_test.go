package chat

import (
	"testing"
	"time"
)

func TestBurstIsAllowedAndThenTheRate(t *testing.T) {
	t.Parallel()
	var b bucket
	now := time.Unix(1000, 0)
	taken := func(tries int) (n int) {
		for range tries {
			if b.take(now, 1, 10, 20) {
				n++
			}
		}
		return n
	}
	if got := taken(100); got != 20 {
		t.Errorf("a full bucket gave %d, want 20", got)
	}
	now = now.Add(time.Second)
	if got := taken(100); got != 10 {
		t.Errorf("after a second it gave %d, want 10", got)
	}
	now = now.Add(time.Hour)
	if got := taken(100); got != 20 {
		t.Errorf("after an hour it gave %d, want 20", got)
	}
}

func TestRateZeroIsNoLimit(t *testing.T) {
	t.Parallel()
	var b bucket
	for range 1000 {
		if !b.take(time.Unix(0, 0), 1, 0, 0) {
			t.Fatal("refused")
		}
	}
}
