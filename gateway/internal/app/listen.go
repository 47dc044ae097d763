package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// server is an HTTP server with the listener it was given.
type server struct {
	http.Server
	listener net.Listener
}

// listen adds a server, which Run starts.
func (a *App) listen(addr string, served mounts) error {
	// The heartbeat finds dead peers; the kernel's keep-alive would cost each connection four calls.
	listener, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("listen: %w: stop the program that has the port, or set GATEWAY_PORT or ADMIN_ADDR", err)
		}
		return fmt.Errorf("listen: %w", err)
	}
	a.serve(listener, served)
	return nil
}

func (a *App) serve(listener net.Listener, handler http.Handler) *server {
	s := &server{listener: listener, Server: http.Server{
		Handler: handler,
		// A slow sender of headers costs a goroutine for as long as this.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		// Auth.js may need several cookies of 4 KiB for one session.
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}}
	a.servers = append(a.servers, s)
	return s
}
