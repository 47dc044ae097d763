package lookup

import (
	"context"
	"errors"
	"slices"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Why a look-up did not get its turn.
var (
	// ErrFull: as many wait as may, or as many of this key as may.
	ErrFull = errors.New("too many look-ups wait")
	// ErrNoTurn: its context ended before its turn came.
	ErrNoTurn = errors.New("the look-up's turn did not come in time")
)

// queue lets a few look-ups run, and has the others wait in one line for each key, of which the lines take turns. A line
// that is empty and runs nothing is forgotten.
type queue struct {
	running int // at once
	perKey  int // may wait
	total   int // may wait

	mu    lockorder.Mutex[queue]
	busy  int // run now
	wait  int // wait now
	lines map[string]*line
	turns []*line // that have somebody waiting, in the order of their turns
}

// line is the look-ups of one key, the oldest first.
type line struct {
	key     string
	busy    int
	waiting []chan struct{} // each is closed when its turn comes
}

func newQueue(running, perKey, total int) *queue {
	return &queue{running: running, perKey: perKey, total: total, lines: make(map[string]*line)}
}

// share is how many look-ups of one key may run at once: slow ones of one user leave connections to others.
func (q *queue) share() int { return (q.running + 1) / 2 }

// waits tells whether anybody waits.
func (q *queue) waits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wait > 0
}

// enter returns when it is key's turn. The caller calls leave once when its look-up has ended.
func (q *queue) enter(ctx context.Context, key string) (leave func(), err error) {
	q.mu.Lock()
	l := q.lines[key]
	if l == nil {
		l = &line{key: key}
		q.lines[key] = l
	}
	// The more wait, the fewer may wait for one key. So the last places go to keys that have nobody waiting.
	if len(l.waiting) >= min(q.perKey, q.total-q.wait) {
		q.forget(l)
		q.mu.Unlock()
		return nil, ErrFull
	}
	turn := make(chan struct{})
	if len(l.waiting) == 0 {
		q.turns = append(q.turns, l)
	}
	l.waiting = append(l.waiting, turn)
	q.wait++
	q.startNext()
	q.mu.Unlock()

	select {
	case <-turn:
	case <-ctx.Done():
		if q.withdraw(l, turn) {
			return nil, ErrNoTurn
		}
	}
	return func() { q.leave(l) }, nil
}

// startNext gives as many their turn as may run. A key that runs its share keeps its place. mu is held.
func (q *queue) startNext() {
	for i := 0; i < len(q.turns) && q.busy < q.running; {
		l := q.turns[i]
		if l.busy == q.share() {
			i++
			continue
		}
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.busy++
		q.busy++
		q.wait--
		q.turns = slices.Delete(q.turns, i, i+1)
		if len(l.waiting) > 0 {
			q.turns = append(q.turns, l)
		}
	}
}

// withdraw takes back a turn that has not come. False means that it has.
func (q *queue) withdraw(l *line, turn chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(l.waiting, turn)
	if at < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	q.wait--
	if len(l.waiting) == 0 {
		at = slices.Index(q.turns, l)
		q.turns = slices.Delete(q.turns, at, at+1)
	}
	q.forget(l)
	return true
}

func (q *queue) leave(l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy--
	l.busy--
	q.forget(l)
	q.startNext()
}

// forget drops a line that has nothing any more. mu is held.
func (q *queue) forget(l *line) {
	if l.busy == 0 && len(l.waiting) == 0 {
		delete(q.lines, l.key)
	}
}
