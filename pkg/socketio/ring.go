package socketio

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ring holds the latest kept events, as they are sent, by the rooms that they were told to. The delivery's lock guards it. There
// may be hundreds of thousands: they are on a tape, since objects of their own would be looked at in each of the collector's runs.
type ring struct {
	most  int           // bytes of all entries
	age   time.Duration // older entries serve nobody
	began time.Time

	tape      tape
	events    int // on the tape
	bytes     int
	shelves   map[place]*shelf
	floor     Offset // nothing was told later in a room without a shelf
	forgotten Offset // as floor, for events that are told to everybody or to one socket
	sweepAt   int    // how many shelves there are before those without entries are forgotten
	scratch   []byte // where an entry is written or read
}

// place is where events are told: a room, which may be one socket's own, or everybody in a namespace.
type place struct {
	namespace, room string
	everybody       bool
}

// shelf is what the ring holds of one place.
type shelf struct {
	slots   []slot // by offset
	evicted Offset // events up to here may be missing
	base    Offset // of those that other servers can tell too, events up to here may be missing as well
	own     bool   // it is everybody, or one socket's room
}

// slot says where on the tape an entry is.
type slot struct {
	offset Offset
	at     uint64
}

// placeOverhead is about what each place of an entry takes in memory, where it has a shelf of its own.
const placeOverhead = 200

// add takes in an event that is later than all others. It copies what it keeps.
func (r *ring) add(e *entry) {
	at := r.hold(e)
	for p := range e.places {
		s := r.shelf(p)
		s.own = s.own || e.own
		s.slots = append(s.slots, slot{e.offset, at})
	}
	r.trim()
}

// hold writes an entry behind the others, and returns where.
func (r *ring) hold(e *entry) (at uint64) {
	if cap(r.scratch) > maxKeptEncoding {
		r.scratch = nil
	}
	r.scratch = e.write(r.scratch[:0], time.Since(r.began))
	r.events++
	r.bytes += len(r.scratch) + placeOverhead*max(1, len(e.rooms))
	return r.tape.write(r.scratch)
}

// trim keeps the bounds.
func (r *ring) trim() {
	now := time.Since(r.began)
	for r.events > 0 {
		oldest := r.headAt(r.tape.start)
		if r.bytes <= r.most && now-oldest.at <= r.age {
			break
		}
		r.evict(oldest)
	}
	if len(r.shelves) >= r.sweepAt {
		r.forget()
	}
}

// heldFor is how long the ring has had its oldest entry.
func (r *ring) heldFor() time.Duration {
	if r.events == 0 {
		return 0
	}
	return time.Since(r.began) - r.headAt(r.tape.start).at
}

func (r *ring) headAt(at uint64) head {
	var b [headBytes]byte
	r.tape.read(at, b[:])
	return readHead(b[:])
}

// evict takes the oldest entry out.
func (r *ring) evict(oldest head) {
	r.scratch = slices.Grow(r.scratch[:0], oldest.labels)[:oldest.labels]
	r.tape.read(r.tape.start, r.scratch)
	labels := written(r.scratch[headBytes:])
	namespace, rooms := labels.text(), labels.number()
	if rooms == 0 {
		r.shelves[place{namespace: string(namespace), everybody: true}].evict(oldest.offset)
	}
	for range rooms {
		room := labels.text()
		r.shelves[place{namespace: string(namespace), room: string(room)}].evict(oldest.offset)
	}
	r.events--
	r.bytes -= oldest.size + placeOverhead*max(1, rooms)
	r.tape.cut(oldest.size)
	r.floor = max(r.floor, oldest.offset)
}

// evict drops what is not after o. There may be no shelf.
func (s *shelf) evict(o Offset) {
	if s == nil {
		return
	}
	for len(s.slots) > 0 && s.slots[0].offset <= o {
		s.slots = s.slots[1:]
	}
	if len(s.slots) == 0 {
		s.slots = nil // a room that was busy once holds nothing
	}
	s.evicted = max(s.evicted, o)
}

// forget drops shelves without slots.
func (r *ring) forget() {
	for p, s := range r.shelves {
		if len(s.slots) == 0 {
			if s.own {
				r.forgotten = max(r.forgotten, s.evicted)
			}
			r.floor = max(r.floor, s.base)
			delete(r.shelves, p)
		}
	}
	r.sweepAt = max(1024, 2*len(r.shelves))
}

func (r *ring) shelf(p place) *shelf {
	s := r.shelves[p]
	if s == nil {
		s = &shelf{evicted: r.forgotten, base: r.floor}
		p.room = strings.Clone(p.room) // it may be a part of a message
		r.shelves[p] = s
	}
	return s
}

// reach returns the offset after which all events of a room are here.
func (r *ring) reach(p place) Offset {
	if s := r.shelves[p]; s != nil {
		return max(s.evicted, s.base)
	}
	return r.floor
}

// reachOfOwn is reach for events to everybody or to one socket, which other servers can't have told alone.
func (r *ring) reachOfOwn(p place) Offset {
	if s := r.shelves[p]; s != nil {
		return s.evicted
	}
	return r.forgotten
}

// since returns where the events of a place after an offset are.
func (r *ring) since(p place, o Offset) []slot {
	s := r.shelves[p]
	if s == nil {
		return nil
	}
	return s.slots[upTo(s.slots, o):]
}

// read returns a copy of an entry.
func (r *ring) read(s slot) *entry {
	h := r.headAt(s.at)
	rest := make(written, h.size-headBytes)
	r.tape.read(s.at+headBytes, rest)
	return rest.entry(h)
}

// upTo returns how many slots are not after o.
func upTo(slots []slot, o Offset) int {
	i, found := slices.BinarySearchFunc(slots, o, func(s slot, o Offset) int { return cmp.Compare(s.offset, o) })
	if found {
		i++
	}
	return i
}

// backfill takes in what a Log has given of a room: all events after one offset up to another, in order. Whoever comes back
// next finds them here.
func (r *ring) backfill(p place, after, through Offset, found []*entry) {
	s := r.shelf(p)
	reach := max(s.evicted, s.base)
	if reach <= after || reach > through { // somebody else was faster, or there would be a hole
		return
	}
	var older []slot
	for _, e := range found {
		if e.offset > after && e.offset <= reach && e.isFor(p) {
			if !e.held || e.at < r.tape.start {
				e.held, e.at = true, r.hold(e)
			}
			older = append(older, slot{e.offset, e.at})
		}
	}
	s.slots = append(older, s.slots...)
	s.evicted, s.base = after, after
}
