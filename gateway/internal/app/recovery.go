package app

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/saved"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// openRecovery makes what clients take up their sessions by, and tells the chat of it. It is nil with RECOVERY=off.
func (a *App) openRecovery(ctx context.Context, o *chat.Options) (*socketio.Recovery, error) {
	r := compose.Recovery(a.config)
	if r == nil {
		return nil, nil
	}
	r.Observer = a.metrics
	if !a.replays() {
		return r, nil // what another process told can't be read, and then its sessions are worth nothing
	}
	o.Log = chat.NewLog(a.history(), *o)
	r.Log, r.Head = o.Log, socketio.Offset(a.store.Head())
	var err error
	sessions := saved.Options{Window: r.Window, Observer: a.metrics, Logger: a.log}
	if a.redis != nil {
		sessions.Redis, sessions.Prefix, sessions.Key = a.redis.sessions, a.config.RedisPrefix, compose.Adapter(a.config).Key
	}
	a.saved, err = saved.Open(ctx, a.database(), sessions)
	if err == nil {
		r.Sessions, o.WhenSaved = a.saved, a.saved.WhenSaved
	}
	if err == nil && a.redis != nil {
		r.Reclaim, r.CatchUp, o.TakenUp = a.saved.Reclaim, a.catchUp, a.saved.TakenUp
	}
	return r, err
}

func (a *App) recoveryGauges() ops.RecoveryGauges {
	return ops.RecoveryGauges{
		Away:      func() int { return a.sockets.Recovery().Away },
		Forgotten: func() int { return int(a.sockets.Recovery().Forgotten) },
		Reach:     func() time.Duration { return a.sockets.Recovery().Reach },
		Replays:   a.replays,
	}
}

// replays tells whether the message table can be read from a message on.
func (a *App) replays() bool {
	ordered, _ := a.store.Replays()
	return ordered && !a.config.DatabaseURL.None()
}
