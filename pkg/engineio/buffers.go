package engineio

import (
	"math/bits"
	"slices"
	"sync"
)

// Large messages come in pieces, and are put together in buffers that the next one uses again: a few of them would else be more
// garbage than all clients make in a second, and the collector goes through the memory of everybody each time.
//
// Buffers have a power of two of bytes, from 1<<smallestLent to 1<<largestLent, and besides room for the header of a message that is as
// long as that, or for one more read. Smaller ones are not worth it, larger ones are rare.
const (
	smallestLent = 13 // 8 KiB
	largestLent  = 20 // 1 MiB, which is more than MaxPayload by default
	beside       = 4096
)

var buffers [largestLent - smallestLent + 1]sync.Pool // of *[]byte, by size

// grow returns b with room for so many more bytes, of which b is not to be used any more. There is room for twice as many as there
// will be, and one more read, at most.
func grow(b []byte, more int) []byte {
	need := len(b) + more
	if need <= cap(b) {
		return b
	}
	size := bits.Len(uint(need)) // the largest that is at most twice of it
	if size < smallestLent || size > largestLent {
		return slices.Grow(b, more)
	}
	var larger []byte
	if lent, ok := buffers[size-smallestLent].Get().(*[]byte); ok {
		larger = *lent
	} else {
		larger = make([]byte, 0, 1<<size+beside)
	}
	larger = append(larger, b...)
	giveBack(b)
	return larger
}

// giveBack lets others use a buffer of grow. Nobody has any part of it.
func giveBack(b []byte) {
	size := bits.Len(uint(max(cap(b)-beside, 0))) - 1
	if size >= smallestLent && size <= largestLent && cap(b) == 1<<size+beside {
		b = b[:0]
		buffers[size-smallestLent].Put(&b)
	}
}
