//go:build lockorder

package lockorder

import "reflect"

// lock is what all mutexes of one name share.
type lock struct {
	name  string
	known bool   // to the order
	bit   uint64 // its own
	after uint64 // of those that may be taken while it is held
}

// locks are those of the order, by name.
var locks = newLocks(order)

func newLocks(rules []rule) map[string]*lock {
	all := make(map[string]*lock)
	for i, r := range rules {
		if i == 64 {
			panic("lockorder: the bits of a word are used up")
		}
		all[r.held] = &lock{name: r.held, known: true, bit: 1 << i}
	}
	takes := make(map[string][]string)
	for _, r := range rules {
		takes[r.held] = r.takes
	}
	for name, l := range all {
		follow(all, takes, name, l)
	}
	return all
}

// follow notes what may be taken while l is held, l included if the rules go in a circle.
func follow(all map[string]*lock, takes map[string][]string, held string, l *lock) {
	for _, name := range takes[held] {
		if name == everyOther {
			l.after = ^l.bit
			return
		}
		if next := all[name]; l.after&next.bit == 0 {
			l.after |= next.bit
			follow(all, takes, name, l)
		}
	}
}

// lockOf is the lock of an owner's mutexes: it is named by the owner's type, with its package.
func lockOf[Owner any]() *lock {
	name := reflect.TypeFor[Owner]().String()
	if l := locks[name]; l != nil {
		return l
	}
	return &lock{name: name}
}
