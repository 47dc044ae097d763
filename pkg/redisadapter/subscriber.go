package redisadapter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// subscription is one that the server wants.
type subscription struct {
	by   by
	name string
}

// by is how a channel is subscribed.
type by uint8

const (
	byName by = iota
	byPattern
	byShard
)

// Times of the subscription. A server that stands still, or a failover, is noticed within checkEvery and answerWithin together.
const (
	checkEvery   = time.Second
	answerWithin = 1500 * time.Millisecond
	retryAfter   = 100 * time.Millisecond
	retryAtMost  = time.Second
)

// subscriber keeps what the server wants subscribed, over one connection (with sharded wires in Redis Cluster, one for each
// master): other servers count by connections who is there.
type subscriber struct {
	client rueidis.Client
	shards bool // subscriptions go to the master of their slot
	heard  func(subscribed, channel, payload string)
	// speak publishes what nobody is told. An error means that this server could not be heard.
	speak func(context.Context) error
	// check is called now and then while all is subscribed. An error ends the connection, so that another is made.
	check     func() error
	connected func()
	lost      func(error)

	changed chan struct{}  // has something after a change of wanted
	again   chan struct{}  // has something when other connections are wanted
	closing sync.WaitGroup // of connections: one that is dead takes its time

	mu      lockorder.Mutex[subscriber]
	wanted  map[subscription]bool
	pending map[subscription]bool // what has changed since the connection was last brought up to it
	leaving map[string]bool       // channels that are being unsubscribed
	settled chan struct{}         // closed while all that is wanted is subscribed
}

func newSubscriber(client rueidis.Client) *subscriber {
	return &subscriber{
		client: client, changed: make(chan struct{}, 1), again: make(chan struct{}, 1),
		wanted: make(map[subscription]bool), pending: make(map[subscription]bool), leaving: make(map[string]bool),
		settled: make(chan struct{}),
	}
}

// want changes what is wanted, and returns at once.
func (s *subscriber) want(wanted bool, subscriptions ...subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range subscriptions {
		if wanted {
			s.wanted[one] = true
		} else {
			delete(s.wanted, one)
		}
		s.pending[one] = true
	}
	s.unsettle()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// unsettle is called with mu held.
func (s *subscriber) unsettle() {
	select {
	case <-s.settled:
		s.settled = make(chan struct{})
	default:
	}
}

// wait returns when all that is wanted is subscribed.
func (s *subscriber) wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		settled := s.settled
		s.mu.Unlock()
		select {
		case <-settled:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("redisadapter: subscribe: %w", ctx.Err())
		}
	}
}

// run subscribes, and again whenever the connection is lost, until ctx ends.
func (s *subscriber) run(ctx context.Context) {
	defer s.closing.Wait()
	pause := retryAfter
	for ctx.Err() == nil {
		began := time.Now()
		err := s.session(ctx)
		s.mu.Lock()
		s.unsettle()
		s.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		s.lost(err)
		if time.Since(began) > retryAtMost {
			pause = retryAfter
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, retryAtMost)
	}
}

// session subscribes by new connections, and returns when one of them is of no use any more.
func (s *subscriber) session(ctx context.Context) error {
	l, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer s.closing.Go(l.close)
	if err := s.wake(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	maps.Copy(s.pending, s.wanted)
	clear(s.leaving)
	s.mu.Unlock()
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	told := false
	for {
		settled, err := s.settle(ctx, l)
		if err != nil {
			return err
		}
		if settled && !told {
			told = true
			s.connected()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-l.lost:
			return err
		case <-s.again:
			return errAgain
		case <-s.changed:
		case <-ticker.C:
			if err := l.ping(ctx); err != nil {
				return err
			}
			if err := s.check(); err != nil {
				return err
			}
		}
	}
}

// wakes is how many commands may fail before the connection that publishes is believed to be lost: the first one after an outage
// only finds out that it must be made anew, and would be a message otherwise.
const wakes = 3

func (s *subscriber) wake(ctx context.Context) (err error) {
	for range wakes {
		if err = s.spoke(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("redisadapter: publish: %w", err)
}

func (s *subscriber) spoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return s.speak(ctx)
}

// settle brings what is subscribed to what is wanted. It reports whether that is still so.
func (s *subscriber) settle(ctx context.Context, l *links) (settled bool, err error) {
	more, less := s.difference(l.have)
	if err := l.change(ctx, less, false); err != nil {
		return false, err
	}
	if err := l.change(ctx, more, true); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.leaving)
	if len(s.pending) > 0 {
		return false, nil
	}
	select {
	case <-s.settled:
	default:
		close(s.settled)
	}
	return true, nil
}

// difference returns what is to be subscribed and unsubscribed for the changes that are pending.
func (s *subscriber) difference(have map[subscription]bool) (more, less []subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.pending {
		switch wanted := s.wanted[one]; {
		case wanted && !have[one]:
			more = append(more, one)
		case !wanted && have[one]:
			less = append(less, one)
			s.leaving[one.name] = true
		}
	}
	s.pending = make(map[subscription]bool)
	slices.SortFunc(more, inOrder)
	slices.SortFunc(less, func(a, b subscription) int { return inOrder(b, a) })
	return more, less
}

// inOrder is the order in which channels are subscribed, and the reverse of that in which they are left. By their names the channel by
// which servers are counted comes before the one that is this server's own: where Redis has the second, it has the first.
func inOrder(a, b subscription) int {
	return cmp.Or(cmp.Compare(b.by, a.by), cmp.Compare(a.name, b.name))
}
