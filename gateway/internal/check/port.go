package check

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/api"
	"github.com/socketgate/socketgate/gateway/internal/ops"
)

// port listens where a start would, for a moment, on all addresses at once. A gateway that is looked at from outside may
// be the one that has them.
func (s start) port(ctx context.Context) {
	addr := net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port))
	public, running := s.listen(ctx, "PORT", addr, false)
	if public != nil {
		defer public.Close()
	}
	s.private(ctx, "ADMIN_ADDR", s.config.AdminAddr, "127.0.0.1:9090", running)
	s.private(ctx, "API_ADDR", s.config.APIAddr, "127.0.0.1:4001", running)
	s.private(ctx, "ATTACH_ADDR", s.config.AttachAddr, "127.0.0.1:4002", running)
}

// private is an address that clients do not know, if there is one.
func (s start) private(ctx context.Context, variable, addr, such string, running bool) {
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case addr == "":
	case port == strconv.Itoa(s.config.Port) && port != "0":
		s.fault("port", variable+" has the port of the clients, "+port, variable+" should hold another port, such as "+such)
	default:
		if listener, _ := s.listen(ctx, variable, addr, running); listener != nil {
			listener.Close()
		}
	}
}

// listen gives the listener, or else reports whether a gateway has the address already.
func (s start) listen(ctx context.Context, variable, addr string, running bool) (listener net.Listener, taken bool) {
	const step = "port"
	listener, err := api.Listen(ctx, addr)
	switch {
	case err == nil:
		s.ok(step, "%s is free (%s)", listener.Addr(), variable)
		return listener, false
	case errors.Is(err, syscall.EADDRINUSE) && (running || isGateway(ctx, addr)):
		return nil, s.taken(addr, variable)
	case errors.Is(err, syscall.EADDRINUSE):
		s.fault(step, addr+" is taken by another program", "GATEWAY_"+variable+" should hold a free port (ss -ltnp shows who has which)")
	case errors.Is(err, os.ErrPermission):
		s.fault(step, err.Error(), variable+" should hold a port above 1023: lower ones are root's")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		s.fault(step, err.Error(), "HOST should hold an address of this machine, such as 0.0.0.0")
	default:
		s.fault(step, err.Error(), variable+" or HOST should hold an address of this machine")
	}
	return nil, false
}

// taken tells of a gateway that runs already.
func (s start) taken(addr, variable string) bool {
	if s.report.running = s.beside; s.beside {
		s.ok("port", "a gateway listens on %s, as --url expects", addr)
	} else {
		s.fault("port", "a gateway listens on "+addr+" already: a second one would not start",
			"end it first, or GATEWAY_"+variable+" should hold a free port", "or --url https://…, where browsers find the app, to look at the one that runs")
	}
	return true
}

// portPatience bounds the question who has a port.
const portPatience = 2 * time.Second

// isGateway asks whoever has the port.
func isGateway(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, portPatience)
	defer cancel()
	answer, err := ops.Ask(ctx, addr, ops.HealthzPath)
	return err == nil && strings.HasPrefix(answer, ops.Healthy)
}
