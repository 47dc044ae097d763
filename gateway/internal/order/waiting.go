package order

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// entry is a message on its way to the clients of this gateway.
type entry struct {
	position, previous uint64
	to                 message.Audience
	event              string // empty: nobody here was in the rooms when it was heard of
	args               []json.RawMessage
	told               func()    // of an own message: its sender's ack; nil for others
	at                 time.Time // when it was found to have to wait; zero if it has not been
	size               int

	read   bool // it is a row of the table, which knows less than its sender
	wanted bool // somebody has come into the rooms meanwhile: its row is needed
	gone   bool // its row was looked for, and is not there any more
}

// entryOverhead is about what an entry takes in memory beside its arguments and rooms.
const entryOverhead = 256

func (e *entry) measure() {
	e.size = entryOverhead + len(e.event)
	for _, room := range e.to.Rooms {
		e.size += 16 + len(room)
	}
	for _, arg := range e.args {
		e.size += 24 + len(arg)
	}
}

// completes tells whether e knows more of the same message than another one.
func (e *entry) completes(other *entry) bool {
	return e.event != "" && (other.event == "" || other.read && !e.read)
}

// waiting are the messages whose turn has not come, each once, by position. Most come in order, so that they are added at its end.
type waiting struct {
	list  []*entry
	bytes int
	own   int // those whose senders wait for an ack
}

func (w *waiting) find(position uint64) (at int, found bool) {
	if n := len(w.list); n == 0 || w.list[n-1].position < position {
		return n, false
	}
	return slices.BinarySearchFunc(w.list, position, func(e *entry, p uint64) int { return cmp.Compare(e.position, p) })
}

func (w *waiting) get(position uint64) *entry {
	if at, found := w.find(position); found {
		return w.list[at]
	}
	return nil
}

func (w *waiting) first() *entry {
	if len(w.list) == 0 {
		return nil
	}
	return w.list[0]
}

// last is the latest position that waits. There is one.
func (w *waiting) last() uint64 { return w.list[len(w.list)-1].position }

// lastBefore is the latest position of those that have waited since a time, or 0.
func (w *waiting) lastBefore(t time.Time) uint64 {
	for _, e := range slices.Backward(w.list) {
		if !e.at.After(t) {
			return e.position
		}
	}
	return 0
}

// add takes in a message, or what it knows beyond one that is there.
func (w *waiting) add(e *entry) {
	at, found := w.find(e.position)
	if !found {
		e.measure()
		w.list = slices.Insert(w.list, at, e)
		w.count(e, 1)
		return
	}
	known := w.list[at]
	w.count(known, -1)
	if e.completes(known) {
		known.to, known.event, known.args, known.read = e.to, e.event, e.args, e.read
		known.wanted = false
	}
	if e.told != nil {
		known.told = e.told
	}
	known.previous = min(known.previous, e.previous)
	known.measure()
	w.count(known, 1)
}

// addRun is add of several in their order, none of which is there, between two neighbours. False means that they are something else: nothing was
// done.
func (w *waiting) addRun(run []entry) (added bool) {
	for i := range run[1:] {
		if run[i].position >= run[i+1].position {
			return false
		}
	}
	at, found := w.find(run[0].position)
	if found || at < len(w.list) && w.list[at].position <= run[len(run)-1].position {
		return false
	}
	w.list = slices.Grow(w.list, len(run))[:len(w.list)+len(run)]
	copy(w.list[at+len(run):], w.list[at:])
	for i := range run {
		e := &run[i]
		e.measure()
		w.list[at+i] = e
		w.count(e, 1)
	}
	return true
}

func (w *waiting) pop() {
	e := w.list[0]
	w.count(e, -1)
	w.list[0] = nil
	if len(w.list) == 1 {
		w.list = w.list[:0] // the place is used again
		return
	}
	w.list = w.list[1:]
}

func (w *waiting) count(e *entry, sign int) {
	w.bytes += sign * e.size
	if e.told != nil {
		w.own += sign
	}
}

// lastOwn is the position of the latest own message that waits, or 0.
func (w *waiting) lastOwn() uint64 {
	for _, e := range slices.Backward(w.list) {
		if e.told != nil {
			return e.position
		}
	}
	return 0
}
