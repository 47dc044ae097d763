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
	lock      *lock
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
func taken(l *lock, mutex any) {
	goroutine := running()
	if fault := of(goroutine).add(holding{goroutine: goroutine, mutex: mutex, lock: l}); fault != nil {
		end(fault.String())
	}
}

// released notes that the calling goroutine releases a mutex. It returns false if that goroutine has not taken it.
func released(mutex any) bool {
	goroutine := running()
	return of(goroutine).remove(goroutine, mutex)
}

const foreign = " is released by a goroutine that has not taken it"

// conflict is a mutex that may not be taken, because of one that is held or because it has no place in the order.
type conflict struct{ taken, before holding }

func (c *conflict) String() string {
	const told = "The order is in pkg/lockorder/order.go."
	if c.before.lock == nil {
		return fmt.Sprintf("%s is taken at %v and has no place in the order.\n%s", c.taken.lock.name, c.taken.at, told)
	}
	return fmt.Sprintf("%s is taken at %v\nwhile %s is held, which was taken at %v\n%s",
		c.taken.lock.name, c.taken.at, c.before.lock.name, c.before.at, told)
}

// end panics on a goroutine of its own, where no handler recovers.
func end(fault string) {
	go panic(fault)
	select {}
}

//go:norace
func (hs *holdings) add(h holding) (fault *conflict) {
	runtime.Callers(callersOfLock, h.at[:])
	hide()
	hs.mu.Lock()
	if !h.lock.known {
		fault = &conflict{taken: h}
	}
	for i := range hs.list {
		if before := &hs.list[i]; before.goroutine == h.goroutine && !before.lock.after.has(h.lock) {
			fault = &conflict{h, *before}
		}
	}
	hs.list = append(hs.list, h)
	hs.mu.Unlock()
	show()
	return fault
}

//go:norace
func (hs *holdings) remove(goroutine uintptr, mutex any) (found bool) {
	hide()
	hs.mu.Lock()
	for i := len(hs.list) - 1; i >= 0 && !found; i-- {
		if found = hs.list[i].goroutine == goroutine && hs.list[i].mutex == mutex; found {
			last := len(hs.list) - 1
			hs.list[i] = hs.list[last]
			hs.list[last] = holding{}
			hs.list = hs.list[:last]
		}
	}
	hs.mu.Unlock()
	show()
	return found
}

// place is where a mutex was taken: the innermost callers.
type place [2]uintptr

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
