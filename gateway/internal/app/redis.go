package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/order"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/pkg/redisadapter"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// redisParts are what makes this gateway one with others.
type redisParts struct {
	name     string         // of this process
	client   rueidis.Client // of the adapter
	sessions rueidis.Client // a connection of its own: what is written in bulk must not hold up messages
	presence rueidis.Client // a.cluster's
	adapter  *redisadapter.Adapter
	order    *order.Sequencer // nil where no database gives messages an order
	heard    []order.Heard    // is used again by the one goroutine that hears
}

// subscribeTimeout bounds the wait at the start for what others say. Without it messages of that moment would be read from the table.
const subscribeTimeout = 5 * time.Second

// openRedis connects.
func (a *App) openRedis(ctx context.Context) error {
	if !a.config.RedisURL.Set() {
		return nil
	}
	r := &redisParts{name: rand.Text()}
	a.redis = r
	var err error
	if r.client, err = redis.Open(ctx, compose.Redis(a.config, "socketgate")); err != nil {
		return err
	}
	if r.sessions, err = redis.Open(ctx, compose.Redis(a.config, "socketgate-sessions")); err != nil {
		return err
	}
	return nil
}

// joinOthers makes what this gateway says to the others and hears of them. What is heard of messages waits until startOrder.
func (a *App) joinOthers() (err error) {
	if a.redis == nil {
		return nil
	}
	c := compose.Adapter(a.config)
	c.Others = func() bool { return a.cluster.Others() > 0 }
	c.Observer = &adapterWatch{metrics: a.metrics, log: a.log}
	if a.redis.order != nil {
		c.Kept = a.heard
	}
	if a.redis.adapter, err = redisadapter.New(a.redis.client, c); err != nil {
		return fmt.Errorf("join the other gateways: %w", err)
	}
	return nil
}

// heard is told of stored messages of other gateways.
func (a *App) heard(_ *socketio.Namespace, events []redisadapter.Kept) {
	messages := a.redis.heard[:0]
	for _, k := range events {
		messages = append(messages, order.Heard{
			Position: uint64(k.To.Offset), Previous: uint64(k.Previous),
			To: message.Audience{Rooms: k.To.Rooms, Except: k.To.Except}, Event: k.Event, Args: k.Args,
		})
	}
	a.redis.order.Heard(messages)
	clear(messages)
	a.redis.heard = messages
}

// catchUp has a client wait that has heard more at another gateway.
func (a *App) catchUp(ctx context.Context, through socketio.Offset) {
	if a.redis.order != nil {
		a.redis.order.CatchUp(ctx, uint64(through))
	}
}

// openOrder makes what tells the messages of all gateways in one order. The store's ids have it, or there is none.
func (a *App) openOrder(o *chat.Options) {
	if a.redis == nil || !a.replays() {
		return
	}
	r, log := a.redis, o.Log
	r.order = order.New(order.Options{
		Table: a.history(),
		Local: func(position uint64, to message.Audience, event string, args []json.RawMessage) {
			if err := a.namespace().Local(target(to, position)).EmitJSON(event, args); err != nil {
				a.log.Error("a stored message could not be broadcast", "error", err)
			}
		},
		Pass: func(position uint64, rooms []string, force bool) bool {
			return a.namespace().Passed(socketio.Offset(position), force, rooms...)
		},
		Publish: func(position, previous uint64, to message.Audience, event string, args []json.RawMessage) {
			r.adapter.PublishKept(a.namespace(), target(to, position), socketio.Offset(previous), event, args)
		},
		Event: func(ctx context.Context, row message.Kept) (message.Audience, string, []json.RawMessage) {
			to, event, payload := log.Event(ctx, row)
			return to, event, []json.RawMessage{payload}
		},
		Away:     func() bool { return !r.adapter.Connected() },
		Observer: a.metrics,
	})
	o.Order = r.order
	a.metrics.WatchOrder(ops.OrderGauges{Waiting: r.order.Waiting, Lag: r.order.Lag})
}

func target(to message.Audience, position uint64) socketio.Target {
	return socketio.Target{Rooms: to.Rooms, Except: to.Except, Offset: socketio.Offset(position)}
}

// adapterWatch counts what becomes of what gateways say to each other, and tells the log of an outage once.
type adapterWatch struct {
	metrics *ops.Metrics
	log     *slog.Logger
	lost    atomic.Bool
}

func (w *adapterWatch) Connected() {
	if w.lost.Swap(false) {
		w.log.Info("the other gateways are heard again")
	}
}

func (w *adapterWatch) Lost(err error) {
	w.metrics.RedisLost()
	if !w.lost.Swap(true) {
		w.log.Warn("the other gateways are not heard, or don't hear this one: Redis is away, or lets its user not do it (socketgate check tries). "+
			"Messages are read from the database until it is back", "error", err)
	}
}

func (w *adapterWatch) Stream(err error) {
	if err == nil {
		w.log.Info("REDIS_STREAM is read again")
		return
	}
	w.log.Warn("REDIS_STREAM can't be read: what the web app emits there is not told (socketgate check tries it)", "error", err)
}

func (w *adapterWatch) Dropped(cause redisadapter.Cause, messages int) {
	w.metrics.RedisDropped(string(cause), messages)
}

func (w *adapterWatch) Bundled(messages int) { w.metrics.RedisBundled(messages) }

// startOrder begins to tell, from the clock on, once the others are heard.
func (a *App) startOrder(ctx context.Context) error {
	if a.redis == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	if err := a.redis.adapter.Subscribed(waiting); err != nil {
		a.log.Warn("the other gateways can't be heard yet: Redis does not answer", "error", err)
	}
	if a.redis.order == nil {
		return nil
	}
	return a.redis.order.Start(ctx)
}

// toldHere is the highest position that this gateway has told or heard of, for the store's clock.
func (a *App) toldHere() uint64 {
	if a.redis == nil || a.redis.order == nil {
		return 0
	}
	return a.redis.order.Known()
}

func (a *App) closeOrder(ctx context.Context) {
	if a.redis != nil && a.redis.order != nil {
		a.redis.order.Close(ctx)
	}
}

func (a *App) closeRedis(ctx context.Context) {
	if a.redis == nil {
		return
	}
	if a.redis.adapter != nil {
		a.warnCutShort("redis", a.redis.adapter.Shutdown(ctx))
	}
	for _, client := range []rueidis.Client{a.redis.client, a.redis.sessions} {
		if client != nil {
			client.Close()
		}
	}
}
