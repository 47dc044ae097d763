package app

import (
	"context"

	"github.com/socketgate/socketgate/pkg/pglisten"
)

// listener hears what the web app says through its database.
type listener struct {
	end  context.CancelFunc
	done chan struct{}
}

// hear runs what listens from now on, until the listener is closed, over a connection of its own. A database that can't be reached is
// tried again.
func (a *App) hear(listen func(context.Context, *pglisten.Config)) (*listener, error) {
	ctx, end := context.WithCancel(context.Background())
	pool, err := a.database().PoolConfig(ctx, 1)
	if err != nil {
		end()
		return nil, err
	}
	l := &listener{end, make(chan struct{})}
	go func() {
		defer close(l.done)
		listen(ctx, pool.ConnConfig)
	}()
	return l, nil
}

// close waits until nothing is heard any more. There may be no listener.
func (l *listener) close() {
	if l != nil {
		l.end()
		<-l.done
	}
}
