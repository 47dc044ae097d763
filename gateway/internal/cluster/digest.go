package cluster

import "hash/fnv"

// A digest is of the users of one node in one room, whatever their order: the sums of all of them, XORed.

// sum is one user's part of a digest. It must be the same in every process and version that talk with each other.
func sum(user, value string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(user))
	h.Write([]byte{0})
	h.Write([]byte(value))
	x := h.Sum64() // spread, since FNV's own bits of similar names cancel out
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}
