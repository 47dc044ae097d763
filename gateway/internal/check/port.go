package check

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// port listens where a start would, for a moment.
func (s start) port() {
	addr := net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port))
	running := s.listen("port", "PORT", addr, false)
	if s.config.AdminAddr != "" {
		s.listen("port", "ADMIN_ADDR", s.config.AdminAddr, running)
	}
}

// listen reports whether a gateway has the address already.
func (s start) listen(step, variable, addr string, running bool) bool {
	listener, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		s.ok(step, "%s is free (%s)", listener.Addr(), variable)
		listener.Close()
	case errors.Is(err, syscall.EADDRINUSE) && (running || isGateway(addr)):
		s.ok(step, "a gateway listens on %s already; it has to end before another starts", addr)
		return true
	case errors.Is(err, syscall.EADDRINUSE):
		s.fault(step, addr+" is taken by another program", "GATEWAY_"+variable+" should hold a free port (ss -ltnp shows who has which)")
	case errors.Is(err, os.ErrPermission):
		s.fault(step, err.Error(), variable+" should hold a port above 1023: lower ones are root's")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		s.fault(step, err.Error(), "HOST should hold an address of this machine, such as 0.0.0.0")
	default:
		s.fault(step, err.Error(), variable+" or HOST should hold an address of this machine")
	}
	return false
}

// isGateway asks whoever has the port.
func isGateway(addr string) bool {
	_, port, _ := net.SplitHostPort(addr)
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + net.JoinHostPort("localhost", port) + "/healthz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1024))
	return err == nil && string(body) == healthy
}

// healthy is what the gateway says at /healthz.
const healthy = "ok\n"
