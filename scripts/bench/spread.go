//go:build linux

package main

import (
	"fmt"
	"slices"
)

// spread is what one figure was in all rounds.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// spreadOf sorts the values; ok is false if there are none.
func spreadOf(values []float64) (s spread, ok bool) {
	n := len(values)
	if n == 0 {
		return s, false
	}
	slices.Sort(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}, true
}

// String returns the median and, unless there is but one value, the range.
func (s spread) String() string {
	if s.Least == s.Most {
		return short(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", short(s.Median), short(s.Least), short(s.Most))
}
