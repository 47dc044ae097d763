package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// socketMode lets the group of the gateway's user speak to it.
const socketMode = 0o660

// Listen listens on host:port, or on a unix socket where the address is a path. A socket file that nobody listens on, of a process that
// was killed, is taken over; any other file stays.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if !IsPath(addr) {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", addr)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(ctx, addr) {
		if err = os.Remove(addr); err == nil {
			listener, err = (&net.ListenConfig{}).Listen(ctx, "unix", addr)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(addr, socketMode); err != nil {
		listener.Close()
		return nil, fmt.Errorf("let the group use the socket: %w", err)
	}
	return listener, nil
}

// IsPath tells whether an address is the path of a unix socket.
func IsPath(addr string) bool { return strings.Contains(addr, "/") }

// abandoned tells whether a path is a socket that nobody listens on.
func abandoned(ctx context.Context, path string) bool {
	if file, err := os.Lstat(path); err != nil || file.Mode()&os.ModeSocket == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
