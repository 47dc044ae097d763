package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Run serves until ctx ends, and then stops within ShutdownTimeout: what was accepted is committed
// and acked, and clients are closed so that they come back by themselves. An error means that
// serving failed.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, len(a.servers))
	for _, s := range a.servers {
		a.serving.Go(func() {
			if err := s.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve: %w", err)
			}
		})
	}
	trimming, stop := context.WithCancel(ctx)
	defer stop()
	a.serving.Go(func() { trimProcess(trimming) })
	a.log.Info("listening", "addr", a.Addr().String(), "path", a.config.SocketPath)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop()
	ctx = context.WithoutCancel(ctx)
	a.awaitProxy(ctx)
	limit, cancel := context.WithTimeout(ctx, a.config.ShutdownTimeout)
	defer cancel()
	a.close(limit)
	return err
}

// close stops the parts in the order in which messages flow, so that none is lost between two, and the probes last.
func (a *App) close(ctx context.Context) {
	a.log.Info("shutting down", "connections", a.front.Connections())
	a.health.Drain()
	if a.config.AppHandles() {
		a.closeAttached(ctx)
	} else {
		a.closeHandlers(ctx)
	}
	for _, s := range a.servers {
		s.listener.Close() // Shutdown knows only listeners that Serve was given
		a.warnCutShort("http", s.Shutdown(ctx))
		s.Close() // what Shutdown could not wait for
	}
	a.serving.Wait()
	a.log.Info("stopped")
}

// closeHandlers stops the parts of openParts: no new clients, then no new messages, then no clients, whose sessions are written. Where
// there are other gateways, the clients go there first.
func (a *App) closeHandlers(ctx context.Context) {
	a.closeAPI(ctx)
	if a.cluster != nil {
		a.cluster.Drain()
	}
	a.emitter.close()
	a.roomNews.close()
	a.outbox.Close()
	a.sockets.Drain()
	if a.attached != nil {
		a.attached.hub.Drain()
	}
	a.sendElsewhere(ctx)
	a.warnCutShort("store", a.store.Close(ctx))
	a.closeOrder(ctx)
	a.warnCutShort("sockets", a.sockets.Shutdown(ctx))
	a.closeBeside(ctx)
	if a.saved != nil {
		a.warnCutShort("sessions", a.saved.Close(ctx))
	}
	a.closeCluster(ctx)
	a.closeRedis(ctx)
	a.identity.Close()
	a.neighbours.Close()
	a.names.Close()
	a.chat.Close()
	a.userRooms.Close()
	a.closeAudit()
}

func (a *App) closeAudit() {
	if a.audit != nil {
		a.audit.Close()
	}
}

// warnCutShort logs that a part had no time left to stop in order.
func (a *App) warnCutShort(part string, err error) {
	if err != nil {
		a.log.Warn("shutdown was cut short", "part", part, "error", err)
	}
}
