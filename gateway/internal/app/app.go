package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/sessions"
	"github.com/socketgate/socketgate/gateway/internal/store"
)

// App is a gateway that listens. Start it with Open, and let it Run.
type App struct {
	config   config.Config
	log      *slog.Logger
	health   *ops.Health
	store    *store.Store
	sessions *sessions.Sessions // nil without SESSION_QUERY
	chat     *chat.Chat
	sockets  generations
	servers  []*server
	serving  sync.WaitGroup
}

// server is an HTTP server with the listener it was given.
type server struct {
	http.Server
	listener net.Listener
}

// Open connects to the database and listens. Page, if not nil, makes the handler of what is
// neither socket nor health. On an error nothing is left behind.
func Open(ctx context.Context, c config.Config, log *slog.Logger, page func(*App) http.Handler) (*App, error) {
	a := &App{config: c, log: log}
	metrics := ops.NewMetrics()
	if err := a.wire(ctx, metrics); err != nil {
		return nil, err
	}
	public := routes{
		socketPath: c.SocketPath, sockets: a.sockets,
		healthz: a.health.ServeHealthz, readyz: a.health.ServeReadyz,
	}
	if page != nil {
		public.page = page(a)
	}
	err := a.listen(net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), public)
	if err == nil && c.AdminAddr != "" {
		err = a.listen(c.AdminAddr, ops.Admin(metrics))
	}
	if err != nil {
		a.close(ctx)
		return nil, err
	}
	return a, nil
}

// listen adds a server, which Run starts.
func (a *App) listen(addr string, h http.Handler) error {
	// The heartbeat finds dead peers; the kernel's keep-alive would cost each connection four calls.
	listener, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("listen: %w: stop the program that has the port, or set GATEWAY_PORT or ADMIN_ADDR", err)
		}
		return fmt.Errorf("listen: %w", err)
	}
	a.servers = append(a.servers, &server{listener: listener, Server: http.Server{
		Handler: h,
		// A slow sender of headers costs a goroutine for as long as this.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		// Auth.js may need several cookies of 4 KiB for one session.
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}})
	return nil
}

// Addr returns the address of the public port.
func (a *App) Addr() net.Addr { return a.servers[0].listener.Addr() }

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
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.config.ShutdownTimeout)
	defer cancel()
	a.close(limit)
	return err
}

// close stops the parts in the order in which messages flow, so that none is lost between two: no
// new clients, then no new messages, then no clients, then no probes.
func (a *App) close(ctx context.Context) {
	a.log.Info("shutting down", "connections", a.sockets.Connections())
	a.health.Drain()
	a.sockets.Drain()
	a.warn("store", a.store.Close(ctx))
	a.warn("sockets", a.sockets.Shutdown(ctx))
	a.closeSessions()
	a.chat.Close()
	for _, s := range a.servers {
		s.listener.Close() // Shutdown knows only listeners that Serve was given
		a.warn("http", s.Shutdown(ctx))
		s.Close() // what Shutdown could not wait for
	}
	a.serving.Wait()
	a.log.Info("stopped")
}

func (a *App) warn(part string, err error) {
	if err != nil {
		a.log.Warn("shutdown was cut short", "part", part, "error", err)
	}
}
