package redisadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/rueidis"
)

// links are the connections of a session, by the address of their node; "" where any will do.
type links struct {
	s     *subscriber
	nodes map[string]rueidis.Client // of a cluster
	slots []slotRange
	open  map[string]rueidis.DedicatedClient
	have  map[subscription]bool
	lost  chan error // of the first that is lost
}

var (
	errLost  = errors.New("redisadapter: the connection of the subscription was lost")
	errMoved = errors.New("redisadapter: Redis has ended a subscription")
	errAgain = errors.New("redisadapter: another connection is wanted")
)

func (s *subscriber) dial(ctx context.Context) (*links, error) {
	l := &links{s: s, open: make(map[string]rueidis.DedicatedClient), have: make(map[subscription]bool), lost: make(chan error, 1)}
	if s.client.Mode() == rueidis.ClientModeCluster {
		l.nodes = s.client.Nodes()
		if s.shards {
			var err error
			if l.slots, err = readSlots(ctx, s.client); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// node is the connection of a subscription.
func (l *links) node(one subscription) (rueidis.DedicatedClient, error) {
	address := ""
	if l.slots != nil {
		command := l.s.client.B().Ssubscribe().Channel(one.name).Build()
		address = nodeOf(l.slots, command.Slot())
	}
	if d := l.open[address]; d != nil {
		return d, nil
	}
	d, err := l.dedicate(address)
	if err == nil {
		l.open[address] = d
	}
	return d, err
}

func (l *links) dedicate(address string) (rueidis.DedicatedClient, error) {
	var d rueidis.DedicatedClient
	switch {
	case l.nodes == nil:
		d, _ = l.s.client.Dedicate()
	case l.slots == nil: // any node hears what is published at any other
		for _, node := range l.nodes {
			d, _ = node.Dedicate()
			break
		}
	case l.nodes[address] != nil:
		d, _ = l.nodes[address].Dedicate()
	}
	if d == nil {
		return nil, fmt.Errorf("redisadapter: no node of the cluster has the channel")
	}
	ended := d.SetPubSubHooks(rueidis.PubSubHooks{
		OnMessage: func(m rueidis.PubSubMessage) {
			subscribed := m.Channel
			if m.Pattern != "" {
				subscribed = m.Pattern
			}
			l.s.heard(subscribed, m.Channel, m.Message)
		},
		OnSubscription: func(change rueidis.PubSubSubscription) {
			if change.Kind == "sunsubscribe" && l.slots != nil { // we did it, or the slot has moved
				l.gone(change.Channel)
			}
		},
	})
	go func() { // ends with the connection, which close ends
		err := <-ended
		if err == nil {
			err = errLost
		}
		l.end(err)
	}()
	return d, nil
}

func (l *links) end(err error) {
	select {
	case l.lost <- err:
	default:
	}
}

// gone is told of subscriptions that have ended.
func (l *links) gone(channel string) {
	l.s.mu.Lock()
	leaving := l.s.leaving[channel]
	l.s.mu.Unlock()
	if !leaving {
		l.end(errMoved)
	}
}

// most is how many channels are subscribed at a time.
const most = 1000

// change subscribes, or unsubscribes.
func (l *links) change(ctx context.Context, list []subscription, add bool) error {
	for some := range slices.Chunk(list, most) {
		commands := make(map[rueidis.DedicatedClient][]rueidis.Completed)
		for _, one := range some {
			d, err := l.node(one)
			if err != nil {
				return err
			}
			commands[d] = append(commands[d], command(d.B(), one, add))
		}
		for d, multi := range commands {
			if err := do(ctx, d, multi...); err != nil {
				return fmt.Errorf("redisadapter: subscribe: %w", err)
			}
		}
		for _, one := range some {
			if add {
				l.have[one] = true
			} else {
				delete(l.have, one)
			}
		}
	}
	return nil
}

func command(b rueidis.Builder, one subscription, add bool) rueidis.Completed {
	switch {
	case one.by == byPattern && add:
		return b.Psubscribe().Pattern(one.name).Build()
	case one.by == byPattern:
		return b.Punsubscribe().Pattern(one.name).Build()
	case one.by == byShard && add:
		return b.Ssubscribe().Channel(one.name).Build()
	case one.by == byShard:
		return b.Sunsubscribe().Channel(one.name).Build()
	case add:
		return b.Subscribe().Channel(one.name).Build()
	}
	return b.Unsubscribe().Channel(one.name).Build()
}

// do has a deadline for commands of a connection.
func do(ctx context.Context, d rueidis.DedicatedClient, multi ...rueidis.Completed) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for _, result := range d.DoMulti(ctx, multi...) {
		if err := result.NonRedisError(); err != nil {
			return err
		}
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
	}
	return nil
}

// ping takes every answer for a sign of life: a Redis that can't save its data to disk answers PING by an error, and goes on carrying messages.
func (l *links) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for _, d := range l.open {
		if err := d.Do(ctx, d.B().Ping().Build()).NonRedisError(); err != nil {
			return fmt.Errorf("redisadapter: ask the subscription's connection for a sign of life: %w", err)
		}
	}
	return nil
}

func (l *links) close() {
	for _, d := range l.open {
		d.Close()
	}
}
