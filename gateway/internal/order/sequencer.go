package order

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Sequencer tells the messages of all gateways to the clients of this one, in one order. Its methods may be called from any
// goroutine. The caller starts it with Start, and ends it with Close.
type Sequencer struct {
	options Options
	watch   Observer

	known atomic.Uint64 // see Known
	table atomic.Uint64 // the greatest position that the database has given or said

	mu        lockorder.Mutex[Sequencer]
	running   bool // between Start and Close
	closed    bool
	delivered uint64 // all up to here has been told to the clients of this gateway, in order
	complete  uint64 // all up to here has been told or waits: the table has said so
	waiting   waiting
	telling   bool // some goroutine tells what may be told, with mu released meanwhile
	missing   missing
	waiters   []*waiter
	look      look

	wake   chan struct{} // holds one: attend must look
	cancel context.CancelFunc
	reader sync.WaitGroup
}

// New returns a sequencer that only gathers what it hears.
func New(o Options) *Sequencer {
	o.MaxWaiting = cmp.Or(o.MaxWaiting, 100_000)
	o.MaxWaitingBytes = cmp.Or(o.MaxWaitingBytes, 64<<20)
	s := &Sequencer{options: o, watch: o.Observer, wake: make(chan struct{}, 1), cancel: func() {}}
	if s.watch == nil {
		s.watch = unobserved{}
	}
	if s.options.Away == nil {
		s.options.Away = func() bool { return false }
	}
	return s
}

// Start reads the clock, from where on this gateway tells what is committed, and begins to tell. Call it when others are heard
// already, so that nothing falls between, and before there are clients. On an error it may be called again.
func (s *Sequencer) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	now, err := s.options.Table.Now(ctx)
	if err != nil {
		return fmt.Errorf("read the clock of all gateways: %w", err)
	}
	s.options.Pass(now, nil, true)
	ctx, s.cancel = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.delivered, s.look.next = true, now, time.Now().Add(tick)
	s.given(now)
	s.tell()
	s.reader.Go(func() { s.run(ctx) })
	return nil
}

// closeTimeout is how long Close waits at most for what is missing before own messages.
const closeTimeout = 3 * time.Second

// Close waits until own messages have been told, but no longer than until ctx ends or for 3 s. What can't be told then is acked to
// its senders all the same, since it is committed: its receivers get it when they come back to another gateway. Call it when
// nothing is committed any more, and while there still are clients.
func (s *Sequencer) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	s.mu.Lock()
	last := s.waiting.lastOwn()
	s.mu.Unlock()
	if last != 0 {
		s.await(ctx, last)
	}
	s.cancel()
	s.reader.Wait()
	s.mu.Lock()
	left := s.waiting.list
	s.waiting, s.running, s.closed, s.missing = waiting{}, false, true, missing{}
	s.mu.Unlock()
	for _, e := range left {
		if e.told != nil {
			e.told()
		}
	}
}

// Known is the greatest position that this gateway has told, heard of from others, or read. The database's clock must never
// give one of these again, also when it has lost what they belong to.
func (s *Sequencer) Known() uint64 { return s.known.Load() }

// reach is up to where nothing is missing: it was told, or waits for those before it to be told. mu is held.
func (s *Sequencer) reach() uint64 { return max(s.delivered, s.complete) }

// given notes a position that is the database's word. mu is held.
func (s *Sequencer) given(position uint64) {
	s.know(position)
	if position > s.table.Load() {
		s.table.Store(position)
	}
}

// know notes a position. mu is held.
func (s *Sequencer) know(position uint64) {
	if position > s.known.Load() {
		s.known.Store(position)
	}
}
