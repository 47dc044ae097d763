package compose

import (
	"net/http/httptest"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

func TestClientAddressIsTheFirstThatNoTrustedProxyMadeUp(t *testing.T) {
	t.Parallel()
	private := proxies(config.Default().TrustedProxies)
	for _, c := range []struct {
		trusted    proxies
		peer, want string
		forwarded  []string
	}{
		{private, "203.0.113.9:1", "203.0.113.9", nil},
		{private, "203.0.113.9:1", "203.0.113.9", []string{"198.51.100.1"}}, // not from a proxy
		{private, "127.0.0.1:1", "198.51.100.1", []string{"198.51.100.1"}},
		{private, "10.0.0.1:1", "198.51.100.1", []string{"6.6.6.6, 198.51.100.1, 10.0.0.2"}},
		{private, "10.0.0.1:1", "198.51.100.1", []string{"6.6.6.6", "198.51.100.1"}},
		{private, "[::1]:1", "2001:db8::1", []string{"2001:db8::1"}},
		{private, "[::ffff:127.0.0.1]:1", "198.51.100.1", []string{"::ffff:198.51.100.1"}},
		{private, "127.0.0.1:1", "127.0.0.1", []string{"garbage"}},
		{private, "127.0.0.1:1", "10.0.0.7", []string{"10.0.0.7"}},
		{nil, "127.0.0.1:1", "127.0.0.1", []string{"198.51.100.1"}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := c.trusted.client(r).String(); got != c.want {
			t.Errorf("peer %s, forwarded %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}
