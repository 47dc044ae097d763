package engineio

import (
	"math/bits"
	"slices"
	"sync"
)

// Large messages come in pieces, and are put together in buffers that are used again. Otherwise a few of them would be more garbage than all
// clients make in a second, and each run of the collector goes through the memory of everybody.
//
// A buffer holds a power of two of bytes, from 1<<smallestLent to 1<<largestLent, and beside it a frame's header or one more read. Smaller
// ones are not worth it, larger ones are rare.
const (
	smallestLent = 13 // 8 KiB
	largestLent  = 20 // 1 MiB, which is more than MaxPayload by default
	beside       = 4096
)

var buffers [largestLent - smallestLent + 1]sync.Pool // of *[]byte, by size

// grow returns b with room for so many more bytes. B itself must not be used any more. There is room for at most twice as many bytes as
// there will be, and for one more read.
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
