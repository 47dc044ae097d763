package ops

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// mostAnswer is as many bytes of an answer as Ask reads.
const mostAnswer = 1000

// Ask asks the gateway that listens at host:port, from its own machine, for HealthzPath or ReadyzPath. It returns what the
// gateway says if that is a 200; any other answer, and none, is an error. It goes straight to the address, whatever proxy the
// environment names. ctx should have a deadline.
func Ask(ctx context.Context, listening, path string) (string, error) {
	url := "http://" + ownAddress(listening) + path
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
	body, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	answer := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask %s: %s: %s", url, response.Status, answer)
	}
	return answer, nil
}

// ownAddress is where who listens at an address is reached from its own machine: who listens on every address is reached on the
// loopback's.
func ownAddress(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return listening
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
		if addr.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
