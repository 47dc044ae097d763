package store

import (
	"context"
	"math"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// MaxMissedRows is how many rows of the message table Missed looks at without an index that leads from the room to the id: the
// newest. They take a quarter of a second.
const MaxMissedRows = 250_000

// What is read is in memory until all who asked are answered.
const (
	maxSweptBytes = 64 << 20
	sweptOverhead = 512 // of a message, roughly: its JSON and itself
)

// swath is what one sweep reads, for all who asked. It belongs to the sweep.
type swath struct {
	*Store
	all    []*asked
	open   int // of these may still take rows
	strips map[place]*strip
	rows   int
	bytes  int
}

// strip is what a sweep reads of one place.
type strip struct {
	takers []taker
	lowest uint64 // position behind which somebody has missed something
	rows   int    // that an index led to
	unread uint64 // rows up to this position may not have been looked at
}

type taker struct {
	*asked
	after uint64
}

// newSwath sorts what they ask for by places.
func newSwath(s *Store, all []*asked) *swath {
	w := &swath{Store: s, all: all, open: len(all), strips: make(map[place]*strip)}
	for _, a := range all {
		for _, g := range a.gaps {
			t := w.strips[g.place]
			if t == nil {
				t = &strip{lowest: math.MaxUint64}
				w.strips[g.place] = t
			}
			t.lowest = min(t.lowest, g.after)
			if n := len(t.takers); n > 0 && t.takers[n-1].asked == a {
				t.takers[n-1].after = min(t.takers[n-1].after, g.after)
			} else {
				t.takers = append(t.takers, taker{a, g.after})
			}
		}
	}
	return w
}

// read reads rooms, receivers and senders, each by one statement.
func (w *swath) read(ctx context.Context) {
	for _, column := range append(w.mapping.places(), w.mapping.User) {
		strips := make(map[place]*strip)
		for at, t := range w.strips {
			if w.mapping.columnOf(at) == column.Name {
				strips[at] = t
			}
		}
		if err := w.readColumn(ctx, column, strips); err != nil {
			for _, t := range strips {
				t.refuse(w, unreadable(err), math.MaxUint64)
			}
		}
	}
}

// columnOf is the name of the column that holds a place.
func (m Mapping) columnOf(at place) string {
	switch {
	case at.sender != "":
		return m.User.Name
	case at.receiver != "":
		return m.Receiver.Name
	}
	return m.Room.Name
}

// placeIn is the place that a row has by one of the columns of places or senders.
func (m *Mapping) placeIn(column Column, e *entry) place {
	if column.Name == m.User.Name {
		return place{sender: e.user}
	}
	return place{room: e.room, receiver: e.receiver}
}

func (w *swath) readColumn(ctx context.Context, column Column, strips map[place]*strip) error {
	w.refuseTooFar(column, strips)
	sp := w.span(column, strips)
	if len(sp.places) == 0 {
		return nil
	}
	full := uint64(0) // rows up to there may not have been looked at
	floor, err := w.table.missed(ctx, sp, func(e *entry) (more bool) {
		more, full = w.take(e, sp)
		return more
	})
	if err != nil {
		return err
	}
	if floor != "" {
		full = max(full, w.mapping.about(floor))
		w.tooFar(column, full)
	}
	for _, t := range strips {
		t.refuse(w, errTooFar, max(t.unread, full))
	}
	return nil
}

// span is what the table is asked for.
func (w *swath) span(column Column, strips map[place]*strip) span {
	sp := span{column: column, byIndex: column.leads, most: w.maxSwept}
	lowest, through, limit := uint64(math.MaxUint64), uint64(0), 0
	for at, t := range strips {
		wanted := false
		for _, taker := range t.takers {
			if taker.err == nil {
				wanted, through, limit = true, max(through, taker.through), max(limit, taker.limit)
			}
		}
		if wanted {
			low, _ := w.mapping.bounds(t.lowest, 0)
			sp.places, sp.lows = append(sp.places, at.value()), append(sp.lows, low)
			lowest = min(lowest, t.lowest)
		}
	}
	if sp.byIndex {
		sp.most = limit
	}
	sp.low, sp.high = w.mapping.bounds(lowest, through)
	return sp
}

// take gives a row to everybody who has missed it. More is false once nobody takes more, or memory is full: then rows up to the position
// left may not have been looked at.
func (w *swath) take(e *entry, sp span) (more bool, left uint64) {
	at := w.mapping.placeIn(sp.column, e)
	t := w.strips[at]
	if t == nil { // a collation or a type holds two spellings for one
		return true, 0
	}
	if t.rows++; sp.byIndex && t.rows > sp.most {
		t.unread = max(t.unread, w.mapping.about(e.id))
		return true, 0
	}
	position, ours := w.mapping.position(e.id)
	if !ours || at.sender != "" && e.receiver == "" { // of a sender's, rooms have what was said to them
		return true, 0
	}
	w.rows++
	if w.bytes += sweptOverhead + len(e.text); w.bytes > maxSweptBytes {
		if sp.byIndex { // place by place, so that others have not been looked at
			position = math.MaxUint64
		}
		return false, position
	}
	w.give(t, e, position)
	return w.open > 0, 0
}

func (w *swath) give(t *strip, e *entry, position uint64) {
	var k *message.Kept
	for _, taker := range t.takers {
		if taker.err != nil || position <= taker.after || position > taker.through {
			continue
		}
		if k == nil {
			var err error
			if k, err = w.kept(e, position); err != nil {
				t.refuse(w, unreadable(err), position)
				return
			}
		}
		if len(taker.rows) == taker.limit {
			w.refuse(taker.asked, errTooMany)
			continue
		}
		taker.rows = append(taker.rows, k)
	}
}

// refuse refuses those whose gap begins before that position.
func (t *strip) refuse(w *swath, err error, unread uint64) {
	for _, taker := range t.takers {
		if taker.after < unread {
			w.refuse(taker.asked, err)
		}
	}
}

func (w *swath) refuse(a *asked, err error) {
	if a.err == nil {
		a.refuse(err)
		w.open--
	}
}

// refuseTooFar spares the table what an earlier sweep has tried: what was too far away then is farther now.
func (w *swath) refuseTooFar(column Column, strips map[place]*strip) {
	for _, t := range strips {
		t.refuse(w, errTooFar, w.beyond[column.Name])
	}
}

// tooFar remembers, and logs, that too many rows have come for the sweep to look at those up to a position.
func (w *swath) tooFar(column Column, position uint64) {
	if position < math.MaxUint64 { // which only means that nobody can tell
		w.beyond[column.Name] = max(w.beyond[column.Name], position)
	}
	w.farReads.write(w.log, "clients that were away start anew: too many rows have come since their last message",
		"rows", w.maxSwept, "index that would help", w.mapping.helpfulIndex(column))
}
