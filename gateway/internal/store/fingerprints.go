package store

import (
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// repeatable is how long a message is looked for when it is sent again, counted from its commit.
const repeatable = 2 * time.Minute

// maxFingerprints bounds the memory for it: some 15 MB, and two minutes of 2,000 messages a second.
const maxFingerprints = 1 << 18

// maxAlike bounds the look for one message.
const maxAlike = 100

// fingerprints are those of the latest messages. They are put in order only when somebody looks for one, which most apps' clients
// never have done: until the first look a message costs no more than to be written down. mu is held for a few instructions, and
// at that look for some 20 ms at most.
type fingerprints struct {
	mu      lockorder.Mutex[fingerprints]
	ring    []fingerprint
	count   uint64            // that there have ever been
	latest  map[uint64]uint64 // of each fingerprint, by count; nil until somebody has looked
	ordered uint64            // how many of count latest knows of
}

type fingerprint struct {
	value, position uint64
	at              time.Time
	earlier         uint64 // the count of the one before with the same value
}

// add remembers a message that is not there. It returns whether another had to be forgotten that might still be sent again.
func (f *fingerprints) add(value, position uint64, at time.Time) (forgot bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	one := fingerprint{value: value, position: position, at: at}
	if len(f.ring) < maxFingerprints {
		f.ring = append(f.ring, one)
	} else {
		old := f.numbered(f.count)
		if f.latest != nil && f.latest[old.value] == f.count-maxFingerprints {
			delete(f.latest, old.value)
		}
		forgot = at.Sub(old.at) < repeatable
		*old = one
	}
	if f.latest != nil {
		f.order()
	}
	return forgot
}

// numbered gives the place of a count.
func (f *fingerprints) numbered(n uint64) *fingerprint { return &f.ring[(n-1)%maxFingerprints] }

// order has latest know of all that are there. mu is held.
func (f *fingerprints) order() {
	if f.latest == nil {
		f.latest = make(map[uint64]uint64)
	}
	f.ordered = max(f.ordered, f.count-uint64(len(f.ring)))
	for f.ordered < f.count {
		f.ordered++
		one := f.numbered(f.ordered)
		one.earlier = f.latest[one.value]
		f.latest[one.value] = f.ordered
	}
}

// of gives those with a value, the latest first. The caller holds mu.
func (f *fingerprints) of(value uint64) func(yield func(fingerprint) bool) {
	return func(yield func(fingerprint) bool) {
		for n := f.latest[value]; n > 0 && n+maxFingerprints > f.count; {
			one := *f.numbered(n)
			if !yield(one) {
				return
			}
			n = one.earlier
		}
	}
}

// has tells whether a message is there.
func (f *fingerprints) has(value, position uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.order()
	for one := range f.of(value) {
		if one.position == position {
			return true
		}
	}
	return false
}

// known lists the positions of all that are there.
func (f *fingerprints) known() map[uint64]bool {
	f.mu.Lock()
	ring := slices.Clone(f.ring)
	f.mu.Unlock()
	known := make(map[uint64]bool, len(ring))
	for _, one := range ring {
		known[one.position] = true
	}
	return known
}

// positions lists, in order, the positions behind one of the messages with a value that were committed after since. Of very many alike, by
// somebody who says the same thing all the time, only the latest are listed.
func (f *fingerprints) positions(value, after uint64, since time.Time) []uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.order()
	var list []uint64
	for one := range f.of(value) {
		if one.position > after && one.at.After(since) {
			list = append(list, one.position)
		}
		if len(list) == maxAlike {
			break
		}
	}
	slices.Sort(list)
	return list
}
