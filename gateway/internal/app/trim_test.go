package app

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

func TestMemoryIsGivenBackOnceARushIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cycles, allocated atomic.Uint64
		var given atomic.Int64
		done := func() work { return work{cycles.Load(), allocated.Load()} }
		go trim(t.Context(), done, func() { given.Add(1); cycles.Add(1) })
		pass := func(d time.Duration, busy bool) {
			for end := time.Now().Add(d); time.Now().Before(end); {
				time.Sleep(time.Second) // synctest's clock
				if busy {
					cycles.Add(1)
				}
				synctest.Wait()
			}
		}
		for _, step := range []struct {
			what string
			time time.Duration
			busy bool
			want int64
		}{
			{"nothing happens", time.Hour, false, 0},
			{"a rush", time.Hour, true, 0},
			{"after the rush", 2 * quietTime, false, 1},
			{"nothing more happens", time.Hour, false, 1},
			{"a second rush", 2 * quietTime, true, 1},
			{"after the second rush", 2 * quietTime, false, 2},
			{"a third rush too soon after", 2 * quietTime, true, 2},
			{"after the third rush", 2 * quietTime, false, 2},
			{"a minute later", trimInterval, false, 3},
			{"what the third rush leaves behind expires", 0, false, 3},
			{"after that", trimInterval, false, 4},
		} {
			if step.time == 0 {
				allocated.Add(worthTrimming)
			}
			if pass(step.time, step.busy); given.Load() != step.want {
				t.Fatalf("%s: given back %d times, want %d", step.what, given.Load(), step.want)
			}
		}
	})
}

// Not parallel: other tests' pools would be emptied in the middle of their work, which is allowed but slows them.
func TestWhatPoolsKeepIsGivenBackToo(t *testing.T) {
	var pool sync.Pool
	buffer := new([4096]byte)
	kept := weak.Make(buffer)
	pool.Put(buffer)
	giveBack()
	if kept.Value() != nil {
		t.Error("a buffer of the rush is still there")
	}
}
