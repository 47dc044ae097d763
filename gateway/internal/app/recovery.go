package app

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/database"
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
	if replays, _ := a.store.Replays(); !replays || a.config.DatabaseURL.None() {
		return r, nil // what another process told can't be read, and then its sessions are worth nothing
	}
	o.Log = chat.NewLog(a.store, *o)
	r.Log, r.Head = o.Log, socketio.Offset(a.store.Head())
	url, _ := database.Parse(string(a.config.DatabaseURL)) // the store has opened it
	var err error
	a.saved, err = saved.Open(ctx, url, saved.Options{Window: r.Window, Observer: a.metrics, Logger: a.log})
	if err == nil {
		r.Sessions = a.saved
	}
	return r, err
}

// replayPossible is 1 if the message table can be read from a position on, and 0 if not.
func (a *App) replayPossible() int {
	if replays, _ := a.store.Replays(); replays && !a.config.DatabaseURL.None() {
		return 1
	}
	return 0
}
