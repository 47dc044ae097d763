//go:build lockorder && race

package lockorder

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// The bookkeeping of mutexes must not make a race look like two accesses one after the other.
func init() {
	faults["race"] = fault{func() {
		var of holdings
		var counted atomic.Bool
		var second sync.WaitGroup
		n := 0
		second.Go(func() {
			for done := false; !done; runtime.Gosched() {
				hide()
				done = counted.Load()
				show()
			}
			of.add(holding{goroutine: 2, lock: lockOf[outer]()})
			n++
		})
		n++
		of.add(holding{goroutine: 1, lock: lockOf[outer]()})
		hide()
		counted.Store(true)
		show()
		second.Wait()
	}, []string{"WARNING: DATA RACE"}}
}
