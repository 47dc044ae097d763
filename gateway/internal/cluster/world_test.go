package cluster

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// world is what Redis is to nodes, in memory and on fake time: with delays, outages, and losses that a test decides.
type world struct {
	mu      sync.Mutex
	delay   time.Duration
	known   map[string]uint64
	leases  map[string]time.Time // ends
	indexes map[string]map[string]mark
	rooms   map[string]map[string]*share
	over    map[string]bool
	history int
	ears    map[*ear]bool

	down  bool // nobody is answered
	lossy int  // of so many messages to each ear one is lost; 0 is none
	said  int
	saves []*snapshot
}

type snapshot struct {
	known   map[string]uint64
	leases  map[string]time.Time
	indexes map[string]map[string]mark
	rooms   map[string]map[string]*share
}

type ear struct {
	of   *link
	box  chan []byte
	gone chan struct{}
}

func newWorld() *world {
	w := &world{delay: time.Millisecond, ears: make(map[*ear]bool)}
	w.flush()
	return w
}

// flush is FLUSHALL.
func (w *world) flush() {
	w.known, w.leases = make(map[string]uint64), make(map[string]time.Time)
	w.indexes, w.rooms = make(map[string]map[string]mark), make(map[string]map[string]*share)
	w.over = make(map[string]bool)
}

func (w *world) with(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// save remembers what there is, and failover goes on from there: what was written since is lost, and all connections end.
func (w *world) save() {
	s := &snapshot{maps.Clone(w.known), maps.Clone(w.leases), make(map[string]map[string]mark), cloneRooms(w.rooms)}
	for epoch, index := range w.indexes {
		s.indexes[epoch] = maps.Clone(index)
	}
	w.saves = append(w.saves, s)
}

func (w *world) failover() {
	s := w.saves[len(w.saves)-1]
	w.known, w.leases, w.indexes, w.rooms = s.known, s.leases, s.indexes, s.rooms
	w.history++
	w.hangUp()
}

func (w *world) hangUp() {
	for e := range w.ears {
		close(e.gone)
		delete(w.ears, e)
	}
}

func cloneRooms(rooms map[string]map[string]*share) map[string]map[string]*share {
	all := make(map[string]map[string]*share)
	for name, shares := range rooms {
		all[name] = make(map[string]*share)
		for epoch, s := range shares {
			all[name][epoch] = &share{s.seq, s.digest, maps.Clone(s.users)}
		}
	}
	return all
}

// link is one node's connection. Frozen is a process that stands still: it is told nothing, and what it says is said later.
type link struct {
	world   *world
	history int
	mu      sync.Mutex
	frozen  chan struct{} // closed when it goes on
}

func (l *link) freeze() { l.mu.Lock(); l.frozen = make(chan struct{}); l.mu.Unlock() }
func (l *link) thaw()   { l.mu.Lock(); close(l.frozen); l.frozen = nil; l.mu.Unlock() }

func (l *link) still() {
	l.mu.Lock()
	frozen := l.frozen
	l.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

var errDown = errors.New("down")

// call is one exchange.
func (l *link) call(ctx context.Context, f func() error) error {
	l.still()
	time.Sleep(l.world.delay / 2)
	l.world.mu.Lock()
	if l.world.down {
		l.world.mu.Unlock()
		<-ctx.Done()
		return errDown
	}
	err := f()
	l.world.mu.Unlock()
	time.Sleep(l.world.delay / 2)
	l.still()
	return err
}

func (l *link) register(ctx context.Context, epoch string, lease time.Duration) error {
	return l.call(ctx, func() error {
		l.world.known[epoch], l.world.leases[epoch] = 0, time.Now().Add(lease)
		l.history = l.world.history
		return nil
	})
}

func (w *world) lives(epoch string) bool { return time.Now().Before(w.leases[epoch]) }

func (l *link) renew(ctx context.Context, epoch string, wrote uint64, lease time.Duration) (r reading, err error) {
	return r, l.call(ctx, func() error {
		w := l.world
		if seq, known := w.known[epoch]; !known || seq < wrote {
			return errLost
		}
		w.leases[epoch] = time.Now().Add(lease)
		r.alive = make(map[string]sign)
		for other, seq := range w.known {
			if w.lives(other) {
				r.alive[other] = sign{seq, time.Until(w.leases[other])}
			} else {
				r.expired = append(r.expired, other)
			}
		}
		r.over = slices.Collect(maps.Keys(w.over))
		if before := l.history; before != w.history {
			l.history = w.history
			return errLost
		}
		return nil
	})
}

func (l *link) write(ctx context.Context, b *batch) error {
	return l.call(ctx, func() error {
		w := l.world
		told, known := w.known[b.epoch]
		if !known || told < b.wrote {
			return errLost
		}
		if w.indexes[b.epoch] == nil {
			w.indexes[b.epoch] = make(map[string]mark)
		}
		for _, s := range b.sections {
			if w.rooms[s.room] == nil {
				w.rooms[s.room] = make(map[string]*share)
			}
			at := w.rooms[s.room][b.epoch]
			if at == nil {
				at = &share{users: make(map[string]string)}
				w.rooms[s.room][b.epoch] = at
			}
			for _, f := range s.fields {
				if f.gone {
					delete(at.users, f.user)
				} else {
					at.users[f.user] = f.value
				}
			}
			at.seq, at.digest = b.seq, s.digest
			w.indexes[b.epoch][s.room] = mark{b.seq, s.digest}
			if s.empty {
				delete(w.indexes[b.epoch], s.room)
				delete(w.rooms[s.room], b.epoch)
			}
		}
		w.known[b.epoch] = b.seq
		message := []byte{saysWritten}
		message = append(message, b.epoch+" "+strconv.FormatUint(told, 10)+" "+strconv.FormatUint(b.seq, 10)+" "...)
		w.publish(l, appendSections(message, b.sections))
		return nil
	})
}

func (w *world) publish(by *link, message []byte) {
	for e := range w.ears {
		if message[0] == saysProbe && e.of != by {
			continue
		}
		if w.said++; w.lossy > 0 && w.said%w.lossy == 0 {
			continue
		}
		e.box <- message
	}
}

func (l *link) load(ctx context.Context, rooms []string) (found []map[string]*share, err error) {
	return found, l.call(ctx, func() error {
		all := cloneRooms(l.world.rooms)
		for _, name := range rooms {
			found = append(found, all[name])
		}
		return nil
	})
}

func (l *link) sequences(ctx context.Context) (known map[string]uint64, err error) {
	return known, l.call(ctx, func() error {
		known = maps.Clone(l.world.known)
		return nil
	})
}

func (l *link) marks(ctx context.Context, epoch string, rooms []string) (marks []mark, err error) {
	return marks, l.call(ctx, func() error {
		for _, name := range rooms {
			marks = append(marks, l.world.indexes[epoch][name])
		}
		return nil
	})
}

func (l *link) present(ctx context.Context, epoch, room string) (users []string, err error) {
	return users, l.call(ctx, func() error {
		if s := l.world.rooms[room][epoch]; s != nil {
			users = slices.Collect(maps.Keys(s.users))
		}
		return nil
	})
}

func (l *link) fence(ctx context.Context, epoch string) (over bool, err error) {
	return over, l.call(ctx, func() error {
		if over = !l.world.lives(epoch); over {
			if _, known := l.world.known[epoch]; known {
				delete(l.world.known, epoch)
				l.world.over[epoch] = true
			}
		}
		return nil
	})
}

func (l *link) clean(ctx context.Context, epoch string, rooms ...string) error {
	return l.call(ctx, func() error {
		for name, shares := range l.world.rooms {
			if len(rooms) == 0 || slices.Contains(rooms, name) {
				delete(shares, epoch)
			}
		}
		if len(rooms) == 0 {
			delete(l.world.indexes, epoch)
			delete(l.world.over, epoch)
		}
		return nil
	})
}

func (l *link) end(ctx context.Context, epoch string) error {
	return l.call(ctx, func() error {
		delete(l.world.known, epoch)
		delete(l.world.leases, epoch)
		delete(l.world.indexes, epoch)
		return nil
	})
}

func (l *link) tell(ctx context.Context, message []byte) (heard int, err error) {
	return heard, l.call(ctx, func() error {
		heard = len(l.world.ears)
		l.world.publish(l, message)
		return nil
	})
}

func (l *link) listen(ctx context.Context, ready func(), heard func([]byte)) error {
	e := &ear{of: l, box: make(chan []byte, 1<<16), gone: make(chan struct{})}
	if err := l.call(ctx, func() error { l.world.ears[e] = true; return nil }); err != nil {
		return err
	}
	defer l.world.with(func() { delete(l.world.ears, e) })
	ready()
	for {
		select {
		case message := <-e.box:
			time.Sleep(l.world.delay / 2)
			l.still()
			heard(message)
		case <-e.gone:
			return errDown
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *link) close() {}
