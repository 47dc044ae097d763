package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// How many clients may wait for what they missed, and in how many rooms in all. A client that finds no place starts anew.
const (
	maxAsking     = 20_000
	maxAskingGaps = 200_000
)

// Why nothing is read again.
var (
	errCrowded = &refusal{cause: "full", detail: errors.New("too many wait for what they missed"), kind: message.ErrUnavailable}
	errNoTurn  = &refusal{cause: "timeout", detail: errors.New("what was missed was not read in time"), kind: message.ErrUnavailable}
	errTooMany = &refusal{cause: "too_many", detail: errors.New("they are more than the limit"), kind: message.ErrTooMuch}
	errTooFar  = &refusal{cause: "too_far", detail: errors.New("too many rows have come since"), kind: message.ErrTooMuch}
)

// Missed reads again what was stored for the rooms and receivers of the gaps, behind each gap's position and up to through, in
// the order of commits. Where the database makes the ids, the app's own rows can't be told from ours and are read as well.
// All who ask while it reads are read together next, in one statement.
//
// The error is message.ErrTooMuch if that is more than limit or more than may be read, and message.ErrUnavailable if it can't be
// read within the store's timeout. It may wait until ctx ends.
func (s *Store) Missed(ctx context.Context, gaps []message.Gap, through uint64, limit int) ([]message.Kept, error) {
	a := &asked{gaps: s.mapping.behind(gaps, through), through: through, limit: limit, done: make(chan struct{})}
	if len(a.gaps) == 0 {
		return nil, nil
	}
	kept, err := s.missed(ctx, a)
	if err != nil {
		s.watch.MissedRefused(causeOf(err))
		return nil, err
	}
	return kept, nil
}

func (s *Store) missed(ctx context.Context, a *asked) ([]message.Kept, error) {
	if ok, why := s.Replays(); !ok {
		return nil, &refusal{cause: "unordered", detail: errors.New(why), kind: message.ErrUnavailable}
	}
	// An outage is no reason to refuse: where nothing can be written, as on a full disk, it may well be read.
	ctx, cancel := s.within(ctx)
	defer cancel()
	a.ctx = ctx
	if err := s.asking.add(a); err != nil {
		return nil, err
	}
	select {
	case <-a.done:
		return a.inOrder(), a.err
	case <-ctx.Done():
		if s.ctx.Err() != nil {
			return nil, errClosing
		}
		return nil, errNoTurn
	}
}

// behind leaves out the gaps in which no row can be: those that end before they begin, and places that the column can't hold.
func (m Mapping) behind(gaps []message.Gap, through uint64) []gap {
	var list []gap
	for _, g := range gaps {
		if at, ok := m.placeOf(g); ok && g.After < through {
			list = append(list, gap{at, g.After})
		}
	}
	return list
}

func (m Mapping) placeOf(g message.Gap) (at place, ok bool) {
	if g.Sender != "" {
		sender, err := m.User.fit(g.Sender)
		return place{sender: sender}, err == nil && m.Receiver.Name != ""
	}
	e := &entry{}
	err := m.place(e, message.Draft{Room: g.Room, Receiver: g.Receiver})
	return place{room: e.room, receiver: e.receiver}, err == nil
}

// place is where messages go, a room or a receiver, or else a sender, all of whose messages to receivers are meant. It is spelled as the
// column holds it. Two of the three are empty.
type place struct{ room, receiver, sender string }

// value is the one that is not empty.
func (p place) value() string { return p.room + p.receiver + p.sender }

type gap struct {
	place
	after uint64
}

// asked is a call of Missed. It belongs to the sweep from add until done is closed, and to the caller then.
type asked struct {
	ctx     context.Context // ends when nobody waits any more
	gaps    []gap
	through uint64
	limit   int

	rows []*message.Kept
	err  error
	done chan struct{}
}

func (a *asked) refuse(err error) { a.err, a.rows = err, nil }

// inOrder gives the rows in the order of commits, each once.
func (a *asked) inOrder() []message.Kept {
	slices.SortFunc(a.rows, func(x, y *message.Kept) int { return cmp.Compare(x.Position, y.Position) })
	list := make([]message.Kept, 0, len(a.rows))
	for i, k := range a.rows {
		if i == 0 || a.rows[i-1].Position != k.Position {
			list = append(list, *k)
		}
	}
	return list
}

// asking is where those wait who have missed something. mu is held for a few instructions only.
type asking struct {
	come chan struct{} // holds one: somebody waits

	mu      lockorder.Mutex[asking]
	waiting []*asked
	gaps    int // of those
	closed  bool
}

func newAsking() *asking { return &asking{come: make(chan struct{}, 1)} }

func (q *asking) add(a *asked) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errClosing
	}
	if len(q.waiting) >= maxAsking || q.gaps+len(a.gaps) > maxAskingGaps {
		return errCrowded
	}
	q.waiting = append(q.waiting, a)
	q.gaps += len(a.gaps)
	select {
	case q.come <- struct{}{}:
	default:
	}
	return nil
}

// take gives all who wait, but for those who have given up.
func (q *asking) take() []*asked {
	q.mu.Lock()
	all := q.waiting
	q.waiting, q.gaps = nil, 0
	q.mu.Unlock()
	return slices.DeleteFunc(all, func(a *asked) bool { return a.ctx.Err() != nil })
}

func (q *asking) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// unreadable is the answer to callers whose rows can't be read.
func unreadable(err error) error {
	return &refusal{cause: "down", detail: fmt.Errorf("read what was missed: %w", err), kind: message.ErrUnavailable}
}
