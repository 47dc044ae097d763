package store

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// anyPosition is one that a gateway could give.
func anyPosition(m Mapping) uint64 {
	milli := firstMilli + rand.Uint64N(lastMilli-firstMilli+1)
	return milli*perMilli + rand.Uint64N(m.counters())
}

func TestAnIDKeepsItsPositionAndFingerprint(t *testing.T) {
	t.Parallel()
	for _, m := range []Mapping{{IDs: idsCUID}, {IDs: idsUUID}} {
		for i := range 20_000 {
			position, fingerprint := anyPosition(m), rand.Uint64()|1<<63
			switch i {
			case 0:
				position = firstMilli * perMilli
			case 1:
				position = lastMilli*perMilli + m.counters() - 1
			case 2:
				fingerprint = 0
			case 3:
				fingerprint = noFingerprint // of which nothing is kept
			}
			id := m.newID(position, fingerprint)
			if got, ours := m.position(id); got != position || !ours {
				t.Fatalf("%s: position %d, ours %v, want %d", id, got, ours, position)
			}
			if got, ok := m.fingerprintOf(id); ok != (fingerprint != 0) || got != truncated(fingerprint) {
				t.Fatalf("%s: fingerprint %x, %v, want %x", id, got, ok, truncated(fingerprint))
			}
		}
	}
}

func TestIDsSortAsTheirPositionsAndBoundsHoldExactlyThoseBetween(t *testing.T) {
	t.Parallel()
	for _, m := range []Mapping{{IDs: idsCUID}, {IDs: idsUUID}} {
		var positions []uint64
		for range 200 {
			p := anyPosition(m)
			positions = append(positions, p, p+perMilli)
			if p%perMilli+1 < m.counters() {
				positions = append(positions, p+1)
			}
		}
		slices.Sort(positions)
		var ids []string
		for _, p := range positions {
			ids = append(ids, m.newID(p, rand.Uint64N(3)))
		}
		if !slices.IsSorted(ids) {
			t.Fatalf("%s: ids do not sort", m.IDs)
		}
		edges := append([]uint64{0, 1, perMilli - 1, 1<<64 - 1, lastMilli*perMilli + perMilli - 1, (lastMilli + 1) * perMilli}, positions[:50]...)
		for _, p := range positions[:20] {
			edges = append(edges, p-1, p+1, p+uuidCounters, p-p%perMilli+perMilli-1) // uuids have no such counters
		}
		for _, after := range edges {
			for _, through := range edges {
				low, high := m.bounds(after, through)
				for i, p := range positions {
					if in := ids[i] > low && ids[i] <= high; in != (p > after && p <= through) {
						t.Fatalf("%s of %d is in (%d, %d]: %v; bounds %s, %s", ids[i], p, after, through, in, low, high)
					}
				}
			}
		}
	}
}

func TestPositionsOfIntegersAreThemselvesWithinTheirColumn(t *testing.T) {
	t.Parallel()
	m := Mapping{IDs: idsDatabase, ID: Column{kind: kindInteger, limit: 32}}
	for id, want := range map[string]uint64{"1": 1, "2147483647": 2147483647, "0": 0, "-5": 0, "": 0, "x": 0, "1e3": 0, "99999999999999999999": 0} {
		if p, ours := m.position(id); p != want || ours != (want > 0) {
			t.Errorf("%q: %d, %v", id, p, ours)
		}
	}
	for limit, want := range map[int]string{16: "32767", 32: "2147483647", 64: "9223372036854775807", 0: "9223372036854775807"} {
		m.ID.limit = limit
		if low, high := m.bounds(7, 1<<64-1); low != "7" || high != want {
			t.Errorf("%d bits: %s, %s", limit, low, high)
		}
	}
	m.ID.kind = kindUUID // gen_random_uuid()
	if p, ours := m.position(uuid.NewString()); p != 0 || ours {
		t.Errorf("a default's uuid has position %d", p)
	}
}

// foreignIDs makes ids as apps do.
var foreignIDs = map[string]func() string{
	"cuid":          func() string { return oldCUID("0i2c") },
	"cuid2":         func() string { return randomBase36(24) },
	"cuid2 of 25":   func() string { return "c" + randomBase36(24) },
	"uuid v4":       uuid.NewString,
	"uuid v7":       func() string { return uuid.Must(uuid.NewV7()).String() },
	"seed":          func() string { return "c" + randomBase36(int(rand.Uint64N(24))) },
	"nothing known": func() string { return randomBase36(int(rand.Uint64N(40))) },
}

// oldCUID is a cuid of another program: the time, a counter, its fingerprint, and something random.
func oldCUID(fingerprint string) string {
	b := cuidUpTo(firstMilli+rand.Uint64N(1e9), rand.Uint64N(1e4))
	return string(appendBase36(append(b, fingerprint...), rand.Uint64N(cuidTails), 8))
}

func randomBase36(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base36Digits[rand.Uint64N(36)]
	}
	return string(b)
}

func TestNewIDsAreLikeTheNewest(t *testing.T) {
	t.Parallel()
	if got := likeNewest("cjld2cjxh0000qzrmn831i7rn"); got != idsCUID {
		t.Errorf("like a cuid: %s", got)
	}
	if got := likeNewest("0198C0DE-0000-7000-8000-0123456789ab"); got != idsUUID {
		t.Errorf("like a uuid: %s", got)
	}
}

func FuzzPositionsAreReadOfWholeIDsAlone(f *testing.F) {
	for _, id := range []string{"", "c", newCUID(firstMilli*perMilli, 0), newUUID(lastMilli*perMilli, 1), uuid.NewString(), "42", "-1"} {
		f.Add(id)
	}
	mappings := []Mapping{{IDs: idsCUID}, {IDs: idsUUID}, {IDs: idsDatabase, ID: Column{kind: kindInteger}}}
	f.Fuzz(func(t *testing.T, id string) {
		for _, m := range mappings {
			position, ours := m.position(id)
			if !ours {
				if fingerprint, ok := m.fingerprintOf(id); position != 0 || fingerprint != 0 || ok {
					t.Fatalf("%q is not ours, but has %d, %d", id, position, fingerprint)
				}
				continue
			}
			if m.IDs == idsDatabase {
				continue
			}
			if low, high := m.bounds(position-1, position); id <= low || id > high {
				t.Fatalf("%q of %d is outside of %q, %q", id, position, low, high)
			}
			if fingerprint, ok := m.fingerprintOf(id); ok && fingerprint != 0 && m.newID(position, fingerprint) != id {
				t.Fatalf("%q is not what its parts make", id)
			}
		}
	})
}

func BenchmarkNewID(b *testing.B) {
	for _, m := range []Mapping{{IDs: idsCUID}, {IDs: idsUUID}} {
		b.Run(m.IDs, func(b *testing.B) {
			position := uint64(firstMilli * perMilli)
			for b.Loop() {
				position++
				m.newID(position, position)
			}
		})
	}
}

func TestNoIDOfOursIsOlderThanPositions(t *testing.T) {
	t.Parallel()
	for _, m := range []Mapping{{IDs: idsCUID}, {IDs: idsUUID}} {
		if p, ours := m.position(m.newID(firstMilli*perMilli-perMilli, 1)); ours || p != 0 {
			t.Errorf("%s: an id of 2025 has position %d", m.IDs, p)
		}
	}
}
