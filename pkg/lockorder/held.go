//go:build lockorder

package lockorder

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// holding is a mutex that a goroutine holds, or waits for.
type holding struct {
	goroutine uintptr
	mutex     any
	name      string
	at        place
}

// holdings are those of some of the goroutines. The race detector must not see what mu orders: a goroutine that
// takes a mutex would then seem to have waited for all others that took one. So its calls are hidden, the
// functions that touch the list are not instrumented, and it is no map, since the runtime itself tells the race
// detector what is done to maps.
type holdings struct {
	mu   sync.Mutex
	list []holding
}

var held [64]holdings

// of returns where the mutexes of a goroutine are noted.
func of(goroutine uintptr) *holdings { return &held[goroutine>>8%uintptr(len(held))] }

// taken notes that the calling goroutine takes a mutex, and ends the program if it must not. It comes before the
// wait for the mutex, so that deadlocks are told too.
func taken(name string, mutex any) {
	goroutine := running()
	if fault := of(goroutine).add(holding{goroutine: goroutine, mutex: mutex, name: name}); fault != nil {
		end(fault.String())
	}
}

// released notes that the calling goroutine releases a mutex.
func released(name string, mutex any) {
	goroutine := running()
	if !of(goroutine).remove(goroutine, mutex) {
		end(name + " is released by a goroutine that has not taken it")
	}
}

// conflict is a mutex that may not be taken, because of one that is held or because it has no place in the order.
type conflict struct{ taken, before holding }

func (c *conflict) String() string {
	const told = "The order is in pkg/lockorder/order.go."
	if c.before.name == "" {
		return fmt.Sprintf("%s is taken at %v and has no place in the order.\n%s", c.taken.name, c.taken.at, told)
	}
	return fmt.Sprintf("%s is taken at %v\nwhile %s is held, which was taken at %v\n%s",
		c.taken.name, c.taken.at, c.before.name, c.before.at, told)
}

// end panics on a goroutine of its own, where no handler recovers.
func end(fault string) {
	go panic(fault)
	select {}
}

//go:norace
func (hs *holdings) add(h holding) *conflict {
	hide()
	defer show()
	hs.mu.Lock()
	defer hs.mu.Unlock()
	runtime.Callers(callersOfLock, h.at[:])
	for i := range hs.list {
		if before := &hs.list[i]; before.goroutine == h.goroutine && !allowed[before.name][h.name] {
			return &conflict{h, *before}
		}
	}
	if allowed[h.name] == nil {
		return &conflict{taken: h}
	}
	hs.list = append(hs.list, h)
	return nil
}

//go:norace
func (hs *holdings) remove(goroutine uintptr, mutex any) (found bool) {
	hide()
	defer show()
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for i := len(hs.list) - 1; i >= 0; i-- {
		if hs.list[i].goroutine == goroutine && hs.list[i].mutex == mutex {
			last := len(hs.list) - 1
			hs.list[i] = hs.list[last]
			hs.list[last] = holding{}
			hs.list = hs.list[:last]
			return true
		}
	}
	return false
}

// place is where a mutex was taken: the innermost callers.
type place [5]uintptr

// callersOfLock leaves out runtime.Callers, add, taken and Lock.
const callersOfLock = 4

func (p place) String() string {
	frames := runtime.CallersFrames(p[:])
	for {
		frame, more := frames.Next()
		if !more || !strings.Contains(frame.Function, "lockorder.(*") {
			return fmt.Sprintf("%s:%d (%s)", frame.File, frame.Line, frame.Function)
		}
	}
}
