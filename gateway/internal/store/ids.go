package store

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"

	"github.com/google/uuid"
)

// Who makes ids, as MESSAGE_ID spells it.
const (
	idsAuto     = "auto"
	idsCUID     = "cuid"
	idsUUID     = "uuid"
	idsDatabase = "database"
)

var uuidShape = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// likeNewest is the kind of id to make in a text column whose newest id is this one.
func likeNewest(id string) string {
	if uuidShape.MatchString(id) {
		return idsUUID
	}
	return idsCUID
}

// A position is a millisecond, times perMilli, plus a counter within it. What follows it in an id is a mark, by which our rows
// are told from the app's, and a tail: the fingerprint, or something random from noFingerprint on.
//
//	cuid    c + 8 base-36 digits of the time + 4 of the counter + 4 of the mark + 8 of the tail
//	UUIDv7  48 bits of the time, 12 of the counter (rand_a), 20 of the mark and 42 of the tail (rand_b)
const (
	perMilli      = cuidBlock
	cuidBlock     = 36 * 36 * 36 * 36
	cuidTails     = cuidBlock * cuidBlock
	uuidCounters  = 1 << 12
	uuidMarks     = 1 << 20
	uuidTails     = 1 << 42
	noFingerprint = 1 << 41

	// A slot is the part of a millisecond that one commit of a cluster takes: its last counters, of so many digits. What follows
	// the slot in an id does not depend on it, so that it can be made before anybody knows the slot.
	cuidSlot = 36 * 36 * 36
	uuidSlot = 1 << 8

	cuidBytes  = 25
	uuidBytes  = 36
	firstMilli = 1_767_225_600_000       // 2026: no id with a position is older
	lastMilli  = cuidBlock*cuidBlock - 1 // 2059: the last of 8 base-36 digits
)

// newID makes the id of a position, or none where the database makes them. A fingerprint of 0 is none.
func (m Mapping) newID(position, fingerprint uint64) string {
	return m.idOf(position, m.newTail(fingerprint))
}

func (m Mapping) idOf(position, tail uint64) string {
	switch m.IDs {
	case idsCUID:
		return newCUID(position, tail)
	case idsUUID:
		return newUUID(position, tail)
	}
	return ""
}

// counters is how many positions a millisecond has.
func (m Mapping) counters() uint64 {
	if m.IDs == idsUUID {
		return uuidCounters
	}
	return perMilli
}

// idBytes is the length of an id that the gateway makes.
func (m Mapping) idBytes() int {
	switch m.IDs {
	case idsCUID:
		return cuidBytes
	case idsUUID:
		return uuidBytes
	}
	return 0
}

// truncated is what an id keeps of a fingerprint.
func truncated(fingerprint uint64) uint64 { return fingerprint % noFingerprint }

func (m Mapping) newTail(fingerprint uint64) uint64 {
	tails := uint64(cuidTails)
	if m.IDs == idsUUID {
		tails = uuidTails
	}
	if fingerprint == 0 {
		return noFingerprint + rand.Uint64N(tails-noFingerprint)
	}
	return truncated(fingerprint)
}

// position reads the position of an id, and tells whether the id is of our making. Of ids that the database makes from a
// sequence all are: nobody can tell whose they are.
func (m Mapping) position(id string) (position uint64, ours bool) {
	if m.IDs == idsDatabase {
		if m.ID.kind != kindInteger {
			return 0, false
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			return 0, false
		}
		return uint64(n), true
	}
	position, _, ours = m.parseID(id)
	return position, ours
}

// fingerprintOf reads what an id of our making keeps of its message's fingerprint, if it has one.
func (m Mapping) fingerprintOf(id string) (fingerprint uint64, ok bool) {
	_, tail, ours := m.parseID(id)
	if !ours || tail >= noFingerprint {
		return 0, false
	}
	return tail, true
}

func (m Mapping) parseID(id string) (position, tail uint64, ours bool) {
	switch m.IDs {
	case idsCUID:
		position, tail, ours = parseCUID(id)
	case idsUUID:
		position, tail, ours = parseUUID(id)
	}
	if milli := position / perMilli; !ours || milli < firstMilli || milli > lastMilli {
		return 0, 0, false
	}
	return position, tail, true
}

// bounds are such that the ids of our making with id > low and id <= high, in the order of the column, are those with
// positions above after and up to through.
func (m Mapping) bounds(after, through uint64) (low, high string) {
	return m.lastOf(after), m.lastOf(through)
}

// lastOf is no smaller than any id of that position, and smaller than those of the next.
func (m Mapping) lastOf(position uint64) string {
	milli, counter := position/perMilli, position%perMilli
	switch m.IDs {
	case idsCUID:
		if milli > lastMilli {
			milli, counter = lastMilli, perMilli-1
		}
		return string(append(cuidUpTo(milli, counter), "zzzzzzzzzzzz"...))
	case idsUUID:
		if milli > lastMilli {
			milli, counter = lastMilli, perMilli-1
		}
		return uuidOf(milli, min(counter, uuidCounters-1), math.MaxUint64)
	}
	bits := 64
	if m.ID.limit > 0 {
		bits = m.ID.limit
	}
	return strconv.FormatUint(min(position, 1<<(bits-1)-1), 10)
}

// slot is how many positions a slot has.
func (m Mapping) slot() uint64 {
	if m.IDs == idsUUID {
		return uuidSlot
	}
	return cuidSlot
}

// suffix is what follows the slot in the id of a row of it.
func (m Mapping) suffix(row, tail uint64) string {
	if m.IDs == idsUUID {
		return newUUID(row, tail)[len("00000000-0000-70"):]
	}
	return newCUID(row, tail)[len("c000000000"):]
}

// mark is nothing but what follows from the rest of an id: of the app's ids that have our shape, one in as many as there are
// marks has it by chance, and not all ids of a process, as might be with a constant.
func mark(row, tail, marks uint64) uint64 {
	return mix(row^mix(tail)) % marks
}

// mix is the finalizer of SplitMix64.
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// newCUID makes a cuid (version 1), as Prisma's cuid() does, with the mark in the place of the fingerprint of process and host.
func newCUID(position, tail uint64) string {
	b := cuidUpTo(position/perMilli, position%perMilli)
	b = appendBase36(b, mark(position%cuidSlot, tail, cuidBlock), 4)
	return string(appendBase36(b, tail, 8))
}

func cuidUpTo(milli, counter uint64) []byte {
	b := append(make([]byte, 0, cuidBytes), 'c')
	return appendBase36(appendBase36(b, milli, 8), counter, 4)
}

func parseCUID(id string) (position, tail uint64, ours bool) {
	if len(id) != cuidBytes || id[0] != 'c' {
		return 0, 0, false
	}
	for i := 1; i < len(id); i++ {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return 0, 0, false
		}
	}
	position, tail = base36(id[1:9])*perMilli+base36(id[9:13]), base36(id[17:])
	return position, tail, base36(id[13:17]) == mark(position%cuidSlot, tail, cuidBlock)
}

func newUUID(position, tail uint64) string {
	return uuidOf(position/perMilli, position%perMilli, 2<<62|mark(position%uuidSlot, tail, uuidMarks)<<42|tail)
}

func uuidOf(milli, counter, rest uint64) string {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], milli<<16|7<<12|counter)
	binary.BigEndian.PutUint64(u[8:], rest)
	return u.String()
}

func parseUUID(id string) (position, tail uint64, ours bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return 0, 0, false
	}
	first, rest := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	milli, counter := first>>16, first%uuidCounters
	if first>>12&15 != 7 || rest>>62 != 2 || milli > lastMilli {
		return 0, 0, false
	}
	position, tail = milli*perMilli+counter, rest%uuidTails
	return position, tail, rest<<2>>44 == mark(position%uuidSlot, tail, uuidMarks)
}

const base36Digits = "0123456789abcdefghijklmnopqrstuvwxyz"

// appendBase36 appends the last n digits of v.
func appendBase36(b []byte, v uint64, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0; i, n, v = i-1, n-1, v/36 {
		b[i] = base36Digits[v%36]
	}
	return b
}

// base36 reads digits that are known to be some.
func base36(digits string) (v uint64) {
	for i := range len(digits) {
		d := uint64(digits[i] - '0')
		if d > 9 {
			d = uint64(digits[i]-'a') + 10
		}
		v = v*36 + d
	}
	return v
}
