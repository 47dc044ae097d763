package app

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/gateway/internal/order"
	"github.com/socketgate/socketgate/gateway/internal/outbox"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// openOutbox opens what the web app emits within its transactions (SQL_EMIT). It is before the store, which begins behind it.
func (a *App) openOutbox(ctx context.Context) (err error) {
	if !a.config.SQLEmit {
		return nil
	}
	a.outbox, err = outbox.Open(ctx, a.database(), outbox.Options{
		Window: a.config.RecoveryWindow, MaxPayload: a.config.SendQueueBytes / 4, Alone: a.redis == nil, Observer: a.hints, Logger: a.log,
	})
	return err
}

// startOutbox tells from now on what is emitted, among the messages.
func (a *App) startOutbox() error {
	if a.outbox == nil {
		return nil
	}
	return a.outbox.Start(a.store, a.tellEmit)
}

func (a *App) tellEmit(e outbox.Emit) {
	if a.redis != nil && a.redis.order != nil {
		row := message.Stored{Position: e.Position, Previous: e.Previous}
		a.redis.order.Tell(row, message.Audience{Rooms: []string{e.Room}}, e.Event, e.Payload, func() {})
		return
	}
	to := a.namespace().To(e.Room).Local()
	if a.config.Recovers() {
		if !a.replays() {
			e.Position = 0 // as that of messages is
		}
		to = to.Kept(socketio.Offset(e.Position))
	}
	if err := to.Emit(e.Event, e.Payload); err != nil {
		a.log.Warn("an event that the web app has emitted in a transaction can't be sent", "error", err)
	}
}

// history is what is read again of messages and, with SQL_EMIT, of emits.
func (a *App) history() interface {
	chat.History
	order.Table
} {
	if a.outbox == nil {
		return a.store
	}
	return outbox.History{Outbox: a.outbox, Store: a.store}
}
