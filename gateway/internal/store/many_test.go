//go:build !race

// These count by the hundred thousand on one goroutine, where the race detector finds nothing.

package store

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
)

func TestFingerprintsAreBoundedAndForgottenInTheirOrder(t *testing.T) {
	t.Parallel()
	for name, looked := range map[string]bool{"nobody has looked before": false, "somebody has looked all the time": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holdsTheLatest(t, looked)
		})
	}
}

func holdsTheLatest(t *testing.T, looked bool) {
	var f fingerprints
	began, forgotten := time.Now(), 0
	const many = maxFingerprints + maxFingerprints/2
	for i := range uint64(many) {
		if f.add(i%1000, i+1, began.Add(time.Duration(i))) {
			forgotten++
		}
		if looked && i%10_000 == 0 {
			f.positions(i, 0, began)
		}
	}
	if f.latest == nil == looked {
		t.Errorf("they are in order: %v", f.latest != nil)
	}
	f.positions(0, 0, began)
	if len(f.ring) != maxFingerprints || len(f.latest) != 1000 || forgotten != many-maxFingerprints {
		t.Errorf("%d are there, of %d values, and %d forgotten", len(f.ring), len(f.latest), forgotten)
	}
	const last = many/1000*1000 + 8
	if list := f.positions(7, 0, began); len(list) != maxAlike || list[0] != last-1000*(maxAlike-1) || list[maxAlike-1] != last {
		t.Errorf("%d are found: %d", len(list), list)
	}
	if list := f.positions(7, last-2000, began); len(list) != 2 {
		t.Errorf("behind a position %d are found", list)
	}
	if list := f.positions(7, 0, began.Add(many)); list != nil {
		t.Errorf("too old, and found: %d", list)
	}
	if f.add(1_000_000, many+1, began.Add(repeatable+many)) || len(f.known()) != maxFingerprints {
		t.Error("one was forgotten in time")
	}
}

// Of 100,000 cuids that an app wrote in these years, 0.06 are expected to have our mark, and of its UUIDv7 0.1: more than 4
// have it in one of 10 million runs.
func TestWhatTheAppWritesIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	for kind, make := range foreignIDs {
		for _, m := range []Mapping{{IDs: idsCUID}, {IDs: idsUUID}} {
			taken := 0
			for range 100_000 {
				id := make()
				_, ours := m.position(id)
				if _, ok := m.fingerprintOf(id); ok && !ours {
					t.Errorf("%s has a fingerprint, but no position", id)
				}
				if ours {
					taken++
				}
			}
			if taken > 4 {
				t.Errorf("%d of 100,000 ids of kind %s are taken for a %s of ours", taken, kind, m.IDs)
			}
		}
	}
}

func TestIDsHaveTheShapesThatValidatorsKnow(t *testing.T) {
	t.Parallel()
	for kind, shape := range map[string]string{
		idsCUID: `^c[0-9a-z]{24}$`,
		idsUUID: `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	} {
		m, seen, shape := Mapping{IDs: kind}, map[string]bool{}, regexp.MustCompile(shape)
		for range 100_000 {
			id := m.newID(firstMilli*perMilli+rand.Uint64N(2), 0)
			if seen[id] || !shape.MatchString(id) {
				t.Fatalf("id %q", id)
			}
			seen[id] = true
		}
	}
}
