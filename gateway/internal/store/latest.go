package store

import (
	"context"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Latest reads the latest messages of each gap: those to its room, to its receiver, or from its sender to receivers. It reads n of each at
// most and returns them oldest first; the gaps' other fields don't matter. Rows of the app's own are among them. The order is that of their
// times, and of the ids where times are the same or there are none. Position is 0 for a row that may not be of our making. Of rows that have
// more than mostBytes together the oldest are left out. So is a row whose text can't be decrypted, and the log says so once.
//
// The error wraps message.ErrUnavailable; it comes within the store's timeout, and is for all.
func (s *Store) Latest(ctx context.Context, gaps []message.Gap, n, mostBytes int) ([][]message.Kept, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	l := &latest{Store: s, mostBytes: mostBytes, of: make(map[place]*lately)}
	all := make([]*lately, len(gaps))
	for i, g := range gaps {
		at, ok := s.mapping.placeOf(g)
		if !ok || at == (place{}) { // a place that no row can name
			continue
		}
		if l.of[at] == nil {
			l.of[at] = new(lately)
		}
		all[i] = l.of[at]
	}
	for _, column := range append(s.mapping.places(), s.mapping.User) {
		if err := l.read(ctx, column, n); err != nil {
			return nil, unreadable(err)
		}
	}
	answers := make([][]message.Kept, len(gaps))
	for i, one := range all {
		if one != nil {
			answers[i] = one.rows
		}
	}
	return answers, nil
}

// latest is what is read for many at once.
type latest struct {
	*Store
	mostBytes, bytes int
	of               map[place]*lately
}

// lately is what is read of one place.
type lately struct {
	rows  []message.Kept
	bytes int
}

// read reads the places that a column holds.
func (l *latest) read(ctx context.Context, column Column, n int) error {
	var places []string
	for at := range l.of {
		if l.mapping.columnOf(at) == column.Name {
			places = append(places, at.value())
		}
	}
	if len(places) == 0 {
		return nil
	}
	slices.Sort(places)
	if err := l.table.latest(ctx, column, places, n, func(e *entry) bool { return l.take(e, column) }); err != nil {
		return err
	}
	for at, one := range l.of {
		if l.mapping.columnOf(at) == column.Name {
			slices.Reverse(one.rows)
		}
	}
	return nil
}

// take takes a row, the newest of its place first, and wants no more once memory is full.
func (l *latest) take(e *entry, column Column) (more bool) {
	one := l.of[l.mapping.placeIn(column, e)]
	if one == nil { // a collation or a type holds two spellings for one
		return true
	}
	size := sweptOverhead + len(e.text)
	one.bytes, l.bytes = one.bytes+size, l.bytes+size
	if one.bytes > l.mostBytes || l.bytes > maxSweptBytes {
		return l.bytes <= maxSweptBytes
	}
	position, ours := l.mapping.position(e.id)
	k, err := l.kept(e, position)
	if err != nil {
		l.untold.Do(func() { l.log.Warn("a stored message can't be told", "error", err) })
		return true
	}
	if ok, _ := l.Replays(); !ours || !ok || l.mapping.IDs == idsDatabase {
		k.Position = 0
	}
	one.rows = append(one.rows, *k)
	return true
}
