package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/config"
)

// healthTimeout is longer than a readiness check may take, and shorter than Docker waits.
const healthTimeout = 3 * time.Second

// askHealth asks the gateway that runs beside it, by the same environment, whether it is well: for
// health checks in images that have no shell. An error is a no.
func askHealth(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gateway health", flag.ContinueOnError)
	live := flags.Bool("live", false, "ask only whether it runs (/healthz), not whether it can store messages (/readyz)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := config.Load(app.Rules())
	if err != nil {
		return err
	}
	path := "/readyz"
	if *live {
		path = "/healthz"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	answer, err := ask(ctx, "http://"+ownAddress(c)+path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, answer)
	return err
}

// ask returns the answer if it is a 200. It goes straight to the address, whatever proxy the
// environment names.
func ask(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	straight := &http.Transport{DisableKeepAlives: true}
	response, err := straight.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	answer := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask %s: %s: %s", url, response.Status, answer)
	}
	return answer, nil
}

// ownAddress is where a gateway of this configuration is reached from its own machine: one that
// listens on every address, on the loopback's.
func ownAddress(c config.Config) string {
	host := c.Host
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
		if addr.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(c.Port))
}
