//go:build lockorder

package lockorder

import "reflect"

// lock is what all mutexes of one name share.
type lock struct {
	name  string
	known bool // to the order
	place int  // in it
	after set  // what may be taken while it is held
}

// set has a bit for each lock of the order, by its place.
type set [2]uint64

// most is how many locks a set has room for.
const most = 64 * len(set{})

//go:norace
func (s *set) has(l *lock) bool { return l.known && s[l.place/64]>>(l.place%64)&1 != 0 }

func (s *set) add(l *lock) { s[l.place/64] |= 1 << (l.place % 64) }

// locks are those of the order, by name.
var locks = newLocks(order)

func newLocks(rules []rule) map[string]*lock {
	all := make(map[string]*lock)
	for i, r := range rules {
		if i == most {
			panic("lockorder: the bits of a set are used up")
		}
		all[r.held] = &lock{name: r.held, known: true, place: i}
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
			for _, other := range all {
				if other != l {
					l.after.add(other)
				}
			}
			return
		}
		if next := all[name]; !l.after.has(next) {
			l.after.add(next)
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
