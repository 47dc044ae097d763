package store

import (
	"maps"
	"time"
)

// turn is a batch that takes its place in the order of all gateways. What its rows get there is made in three steps: placesOf a
// batch are known beforehand, the database tells where they begin, and takePlaces puts the two together.
type turn struct {
	batch  []*entry
	number int64  // of the commits of this gateway
	told   uint64 // the turn is behind this position
	floor  int64  // the first time that none of the batch's conversations has had yet, Unix ms
	after  []int  // of each entry: how many milliseconds it is behind the first
	rows   []uint64
	tails  []uint64 // of each entry's id

	guarded []uint64 // tails of messages that other gateways may have stored, behind heard
	heard   uint64

	previous, first uint64   // what the database tells: the clock before, and the position of the first entry
	ids             []string // of the entries, where the database makes them
	millis          int64    // the time of the first entry
}

// times are those of the conversations that this gateway has stored messages of: messages of one conversation have times that rise,
// in whole milliseconds. It belongs to the committer.
type times struct {
	last map[string]int64
	now  int64
}

// newTurn gives the entries of a batch their places in it. Two of one conversation are not in the same millisecond; nor are more than
// a slot holds. Whoever stands behind another has no earlier time.
func (s *Store) newTurn(batch []*entry, heard uint64) *turn {
	t := &turn{batch: batch, number: s.turns + 1, heard: heard}
	if s.highest != nil {
		t.told = s.highest()
	}
	slot, after, row := s.mapping.slot(), 0, uint64(0)
	here := make(map[string]bool)
	for _, e := range batch {
		if c := e.conversation(); here[c] || row == slot {
			clear(here)
			after, row = after+1, 0
		}
		here[e.conversation()] = true
		t.floor = max(t.floor, s.times.last[e.conversation()]+1)
		t.after, t.rows = append(t.after, after), append(t.rows, row)
		t.tails = append(t.tails, s.mapping.newTail(e.fingerprint))
		row++
		if e.asked {
			t.guarded = append(t.guarded, t.tails[len(t.tails)-1])
		}
	}
	return t
}

// span is how many milliseconds the turn is long, beyond the first.
func (t *turn) span() int { return t.after[len(t.after)-1] }

// position is that of the entry i, where the ids are ours.
func (t *turn) position(i int) uint64 {
	if t.after[i] == 0 {
		return t.first + t.rows[i]
	}
	return (t.first/perMilli+uint64(t.after[i]))*perMilli + t.rows[i]
}

// takePlaces gives the entries what follows from the turn's place in the order, once it is committed.
func (s *Store) takePlaces(t *turn) {
	s.turns = t.number
	last := t.previous
	for i, e := range t.batch {
		e.stored.Previous = last
		e.stored.CreatedAt = time.UnixMilli(t.millis + int64(t.after[i])).UTC()
		if t.ids != nil {
			e.id = t.ids[i]
			position, _ := s.mapping.position(e.id)
			e.stored.Position = s.inOrder(position, &last)
		} else {
			e.stored.Position = t.position(i)
			e.id = s.mapping.idOf(e.stored.Position, t.tails[i])
			last = e.stored.Position
		}
	}
	s.times.note(t)
}

func (l *times) note(t *turn) {
	if l.last == nil {
		l.last = make(map[string]int64)
	}
	l.now = max(l.now, t.millis)
	maps.DeleteFunc(l.last, func(_ string, last int64) bool { return last < l.now })
	for _, e := range t.batch {
		l.last[e.conversation()] = e.stored.CreatedAt.UnixMilli()
	}
}
