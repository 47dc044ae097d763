package attach

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// memory is what all rings of a hub share. An event's number is its offset: none is given twice, so that a ring that is made anew takes
// no number for another one's.
type memory struct {
	name   string       // of this process: before each offset, so that no text of the app's is taken for one
	last   atomic.Int64 // number
	window atomic.Int64 // how long a client may be away, in nanoseconds; 0 keeps nothing
	bytes  atomic.Int64
	most   int64
}

// offset is a number as clients have it.
func (m *memory) offset(number int64) string { return m.name + "." + strconv.FormatInt(number, 36) }

// number reads an offset. False is for what is none of this process'.
func (m *memory) number(offset string) (number int64, ok bool) {
	text, ours := strings.CutPrefix(offset, m.name+".")
	number, err := strconv.ParseInt(text, 36, 64)
	return number, ours && err == nil && number > 0 && number <= m.last.Load() && m.offset(number) == offset
}

func (m *memory) keeps() bool { return m.window.Load() > 0 }

// event is one that was told, as it is sent.
type event struct {
	number  int64
	at      time.Time
	target  target
	packets []*engineio.Packet
	size    int64
}

// eventOverhead and placeOverhead are about what an event takes in memory beside its bytes, and each room that it was told to.
const (
	eventOverhead = 250
	placeOverhead = 60
)

// ring holds the latest events of a namespace, by the rooms that they were told to. space.mu guards it.
type ring struct {
	memory *memory
	events []*event            // in the order of their numbers
	all    []*event            // those to everybody
	rooms  map[string][]*event // the others
	floor  int64               // all later events are here
}

// add keeps an event, and returns the packets with its offset in them: behind its last argument, as clients expect it. What is no event
// of Socket.IO's own format, or of msgpack, stays as it is.
func (r *ring) add(to target, packets []*engineio.Packet, now time.Time) []*engineio.Packet {
	number := r.memory.last.Add(1)
	packets, ok := withOffset(packets, r.memory.offset(number))
	if !ok {
		return packets
	}
	e := &event{number: number, at: now, target: to, packets: packets, size: eventOverhead + int64(placeOverhead*max(1, len(to.rooms)))}
	for _, p := range packets {
		e.size += int64(p.Len())
	}
	r.memory.bytes.Add(e.size)
	r.events = append(r.events, e)
	if len(to.rooms) == 0 {
		r.all = append(r.all, e)
	}
	for _, room := range to.rooms {
		if of := r.rooms[room]; len(of) == 0 || of[len(of)-1] != e { // a room may be named twice
			r.rooms[room] = append(of, e)
		}
	}
	r.trim(now)
	return packets
}

// trim keeps the bounds: of a full memory each namespace gives up its own oldest events, whenever it adds one.
func (r *ring) trim(now time.Time) {
	oldest := now.Add(-time.Duration(r.memory.window.Load()))
	for len(r.events) > 0 && (r.memory.bytes.Load() > r.memory.most || r.events[0].at.Before(oldest)) {
		r.evict()
	}
}

func (r *ring) evict() {
	e := r.events[0]
	r.events = shift(r.events)
	if len(e.target.rooms) == 0 {
		r.all = shift(r.all)
	}
	for _, room := range e.target.rooms {
		switch of := r.rooms[room]; {
		case len(of) == 0 || of[0] != e: // it was named twice
		case len(of) == 1:
			delete(r.rooms, room)
		default:
			r.rooms[room] = shift(of)
		}
	}
	r.memory.bytes.Add(-e.size)
	r.floor = e.number
}

func shift(events []*event) []*event {
	events[0] = nil
	if len(events) == 1 {
		return nil
	}
	return events[1:]
}

// stay is a room that a socket is in, and the last number before it joined.
type stay struct {
	room  string
	since int64
}

// missed returns the events after a number that a socket in these rooms would have heard, in order, and false if some of them may be gone.
// Link is whose client it was.
func (r *ring) missed(after int64, stays []stay, link *link) (missed []*event, whole bool) {
	if after < r.floor {
		return nil, false
	}
	missed = slices.Clone(r.all[upTo(r.all, after):])
	for _, s := range stays {
		of := r.rooms[s.room]
		missed = append(missed, of[upTo(of, max(after, s.since)):]...)
	}
	slices.SortFunc(missed, byNumber)
	missed = slices.DeleteFunc(slices.Compact(missed), func(e *event) bool {
		return e.target.only != nil && e.target.only != link ||
			slices.ContainsFunc(stays, func(s stay) bool { return slices.Contains(e.target.except, s.room) })
	})
	return missed, true
}

func byNumber(a, b *event) int { return cmp.Compare(a.number, b.number) }

// upTo returns how many events are not after a number.
func upTo(events []*event, number int64) int {
	i, found := slices.BinarySearchFunc(events, number, func(e *event, n int64) int { return cmp.Compare(e.number, n) })
	if found {
		i++
	}
	return i
}

// withOffset returns the packets of an event with one more argument. False is for what is no event with a text as its head, or of msgpack.
func withOffset(packets []*engineio.Packet, offset string) ([]*engineio.Packet, bool) {
	isBinary, head := packets[0].Payload()
	if isBinary {
		if p, ok := readPacked(head); ok {
			if with, ok := p.withArgument(head, offset); ok {
				return []*engineio.Packet{engineio.BinaryMessage(with)}, true
			}
		}
		return packets, false
	}
	if len(head) < 5 || head[1] != '2' && head[1] != '5' || head[len(head)-1] != ']' || head[len(head)-2] == '[' {
		return packets, false
	}
	text := make([]byte, 0, len(head)+len(offset)+3)
	text = append(append(append(text, head[1:len(head)-1]...), `,"`...), offset...) // without the engine's own type
	text = append(text, `"]`...)
	return append([]*engineio.Packet{engineio.Message(text)}, packets[1:]...), true
}
