//go:build lockorder

package lockorder

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

type (
	outer  struct{}
	inner  struct{}
	within struct{}
)

func init() {
	locks = newLocks(append([]rule{
		{"lockorder.outer", []string{"lockorder.inner"}},
		{"lockorder.inner", []string{"lockorder.within"}},
		{"lockorder.within", nil},
	}, order...))
}

func TestOrderHasNoCircle(t *testing.T) {
	t.Parallel()
	for name, held := range locks {
		for other, taken := range locks {
			if held.after.has(taken) && taken.after.has(held) {
				t.Errorf("%s may be taken before %s, and after", name, other)
			}
		}
	}
	if a := newLocks([]rule{{"a", []string{"b"}}, {"b", []string{"a"}}})["a"]; !a.after.has(a) {
		t.Error("a circle is not seen")
	}
}

func TestMutexesTakenInOrderAreMutexes(t *testing.T) {
	t.Parallel()
	var first Mutex[outer]
	var second RWMutex[inner]
	var third Mutex[within]
	var work sync.WaitGroup
	n, rounds := 0, 0
	for range 8 {
		work.Go(func() {
			for range 1000 {
				first.Lock()
				second.RLock()
				third.Lock()
				n++
				first.Unlock() // not last in, first out
				third.Unlock()
				second.RUnlock()
				second.Lock()
				rounds++
				second.Unlock()
			}
		})
	}
	work.Wait()
	if n != 8000 || rounds != 8000 {
		t.Errorf("counted %d and %d, want 8000", n, rounds)
	}
}

// fault is what must end a program, and what the program has to say then.
type fault struct {
	commit func()
	says   []string
}

var faults = map[string]fault{
	"backwards": {func() {
		var first Mutex[outer]
		var second Mutex[inner]
		second.Lock()
		backwards(&first)
	}, []string{"lockorder.outer is taken at ", "lockorder.backwards)", "while lockorder.inner is held, which was taken at ", "lockorder.init.func"}},
	"by a reader": {func() {
		var second RWMutex[inner]
		var first RWMutex[outer]
		second.RLock()
		first.RLock()
	}, []string{"lockorder.outer is taken at ", "while lockorder.inner is held"}},
	"two of one owner": {func() {
		var one, other Mutex[outer]
		one.Lock()
		other.Lock()
	}, []string{"lockorder.outer is taken at ", "while lockorder.outer is held"}},
	"beneath two": {func() {
		var first Mutex[outer]
		var third Mutex[within]
		var second Mutex[inner]
		first.Lock()
		third.Lock()
		second.Lock()
	}, []string{"lockorder.inner is taken at ", "while lockorder.within is held"}},
	"no place": {func() {
		var mu Mutex[testing.T]
		mu.Lock()
	}, []string{"testing.T is taken at ", "has no place"}},
	"of somebody else's": {func() {
		var mu Mutex[outer]
		mu.Lock()
		var other sync.WaitGroup
		other.Go(mu.Unlock)
		other.Wait()
	}, []string{"lockorder.outer is released by a goroutine that has not taken it"}},
}

func backwards(mu *Mutex[outer]) { mu.Lock() }

// faultVariable has the test's program commit a fault in the place of the tests.
const faultVariable = "LOCKORDER_FAULT"

func TestMain(m *testing.M) {
	if fault := faults[os.Getenv(faultVariable)]; fault.commit != nil {
		defer func() { recover() }() // as handlers are
		fault.commit()
		return
	}
	os.Exit(m.Run())
}

func TestProgramEndsWhereAMutexIsTakenOutOfOrder(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := exec.Command(os.Args[0])
			program.Env = append(os.Environ(), faultVariable+"="+name)
			out, err := program.CombinedOutput()
			if err == nil {
				t.Error("it did not end with an error")
			}
			for _, s := range fault.says {
				if !strings.Contains(string(out), s) {
					t.Errorf("it does not say %q, but %s", s, out)
				}
			}
		})
	}
}
