package socketio

import (
	"cmp"
	"slices"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// ring holds the latest kept events, as they are sent, by the rooms that they were told to. The delivery's lock guards it.
type ring struct {
	most int           // bytes of all entries
	age  time.Duration // older entries serve nobody

	bytes     int
	entries   []*entry // in the order in which they came
	shelves   map[place]*shelf
	floor     Offset // rooms without a shelf: all later events are here, which is none
	forgotten Offset // as floor, for what only this server tells: to single sockets, and to everybody
	sweepAt   int    // how many shelves there are before those without entries are forgotten
}

// place is where events are told: a room, which may be one socket's own, or everybody in a namespace.
type place struct {
	namespace, room string
	everybody       bool
}

// shelf is what the ring holds of one place.
type shelf struct {
	entries []*entry // by offset
	// All events of the place after both are here. Base is about those that this server may not have told.
	evicted, base Offset
	own           bool // it is everybody, or one socket's room
}

// entry is one kept event.
type entry struct {
	offset  Offset
	places  []place
	except  []string
	packets []*engineio.Packet
	own     bool // some of it is for everybody or for one socket
	size    int
	at      time.Time
	held    bool // by the ring
}

// entryOverhead is about what an entry takes in memory beside its packets and for each of its places.
const entryOverhead, placeOverhead = 160, 200

func newEntry(namespace string, to Target, packets []*engineio.Packet) *entry {
	e := &entry{offset: to.Offset, except: to.Except, packets: packets, size: entryOverhead}
	for _, room := range to.Rooms {
		e.places = append(e.places, place{namespace: namespace, room: room})
		e.size += placeOverhead + len(room)
	}
	if len(to.Rooms) == 0 {
		e.own, e.places = true, []place{{namespace: namespace, everybody: true}}
	}
	e.size += packetBytes(packets)
	return e
}

func packetBytes(packets []*engineio.Packet) (n int) {
	for _, p := range packets {
		n += p.Len()
	}
	return n
}

// add takes in an event that is later than all others.
func (r *ring) add(e *entry) {
	for _, p := range e.places {
		s := r.shelf(p)
		s.own = s.own || e.own
		s.entries = append(s.entries, e)
	}
	r.hold(e)
	r.trim(e.at)
}

func (r *ring) hold(e *entry) {
	e.held, e.at = true, time.Now()
	r.entries = append(r.entries, e)
	r.bytes += e.size
}

// trim keeps the bounds.
func (r *ring) trim(now time.Time) {
	for len(r.entries) > 0 && (r.bytes > r.most || now.Sub(r.entries[0].at) > r.age) {
		r.evict()
	}
	if len(r.shelves) >= r.sweepAt {
		r.forget()
	}
}

func (r *ring) evict() {
	e := r.entries[0]
	r.entries[0] = nil
	r.entries = r.entries[1:]
	r.bytes -= e.size
	e.held = false
	r.floor = max(r.floor, e.offset)
	for _, p := range e.places {
		if s := r.shelves[p]; s != nil {
			cut := s.after(e.offset)
			clear(s.entries[:cut])
			s.entries = s.entries[cut:]
			s.evicted = max(s.evicted, e.offset)
		}
	}
}

// forget drops shelves without entries.
func (r *ring) forget() {
	for p, s := range r.shelves {
		if len(s.entries) == 0 {
			if s.own {
				r.forgotten = max(r.forgotten, s.evicted)
			}
			delete(r.shelves, p)
		}
	}
	r.sweepAt = max(1024, 2*len(r.shelves))
}

func (r *ring) shelf(p place) *shelf {
	s := r.shelves[p]
	if s == nil {
		s = &shelf{evicted: r.forgotten, base: r.floor}
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

// reachOfOwn is reach for what only this server tells.
func (r *ring) reachOfOwn(p place) Offset {
	if s := r.shelves[p]; s != nil {
		return s.evicted
	}
	return r.forgotten
}

// since returns the events of a place after an offset.
func (r *ring) since(p place, o Offset) []*entry {
	s := r.shelves[p]
	if s == nil {
		return nil
	}
	return s.entries[s.after(o):]
}

// after returns how many entries are not after o.
func (s *shelf) after(o Offset) int {
	i, found := slices.BinarySearchFunc(s.entries, o, func(e *entry, o Offset) int { return cmp.Compare(e.offset, o) })
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
	var older []*entry
	for _, e := range found {
		if e.offset > after && e.offset <= reach && slices.Contains(e.places, p) {
			older = append(older, e)
			if !e.held {
				r.hold(e)
			}
		}
	}
	s.entries = append(older, s.entries...)
	s.evicted, s.base = after, after
}
