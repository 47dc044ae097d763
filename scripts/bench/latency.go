//go:build linux

package main

import (
	"slices"
	"time"
)

// latencies holds one duration per delivery, in nanoseconds.
type latencies []int64

// percentiles returns the smallest duration that the given shares of all (0 to 1, rising) do not exceed.
func (l latencies) percentiles(shares ...float64) []time.Duration {
	slices.Sort(l)
	found := make([]time.Duration, len(shares))
	for i, share := range shares {
		if len(l) > 0 {
			found[i] = time.Duration(l[min(len(l)-1, int(share*float64(len(l))))])
		}
	}
	return found
}
