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
		{private, "10.0.0.1:1", "198.51.100.1", []string{"6.6.6.6, 198.51.100.1:4711"}}, // as Azure's gateways write it
		{private, "10.0.0.1:1", "2001:db8::1", []string{"[2001:db8::1]:4711"}},
		{private, "10.0.0.1:1", "2001:db8::1", []string{"[2001:db8::1]"}},
		{private, "10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1:4711, 10.0.0.2:80"}},
		{private, "10.0.0.1:1", "fe80::1", []string{"fe80::1%eth0"}},
		{private, "10.0.0.1:1", "10.0.0.1", []string{"198.51.100.1:"}},
		{private, "10.0.0.1:1", "10.0.0.1", []string{"198.51.100.1, 1.2.3.4:x"}},
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

// Who is behind a proxy can't make up an address that counts in the place of one's own.
func TestAMadeUpHopDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ trusted, peer, forwarded, want string }{
		{"private", "10.0.0.1:1", "6.6.6.6, 10.0.0.5", "10.0.0.5"}, // a user of the proxy's own network
		{"private", "127.0.0.1:1", "6.6.6.6, 192.168.1.9", "192.168.1.9"},
		{"private", "127.0.0.1:1", "6.6.6.6, fd00::9", "fd00::9"},
		{"private", "127.0.0.1:1", "6.6.6.6, ::ffff:10.0.0.5", "10.0.0.5"},
		{"private", "127.0.0.1:1", "10.0.0.7, 10.0.0.6, 10.0.0.5", "10.0.0.5"},
		{"private", "127.0.0.1:1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
		{"private", "127.0.0.1:1", "", "127.0.0.1"},
		{"private", "203.0.113.9:1", "6.6.6.6", "203.0.113.9"},
		{"10.0.0.0/8", "10.0.0.1:1", "6.6.6.6, 10.0.0.5", "10.0.0.5"}, // as wide as private, and no narrower for being written
		{"10.0.0.1,10.0.0.2", "10.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1,10.0.0.2", "10.0.0.1:1", "6.6.6.6, 10.0.0.5, 10.0.0.2", "10.0.0.5"},
		{"::ffff:10.0.0.0/126", "10.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"::ffff:10.0.0.1", "[::ffff:10.0.0.1]:1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
		{"fe80::/10", "[fe80::1%eth0]:1", "6.6.6.6, 2001:db8::1%eth9", "2001:db8::1"},
		{"10.0.0.1", "10.0.0.1:1", "6.6.6.6,, ,198.51.100.1", "198.51.100.1"},
		{"10.0.0.1", "10.0.0.1:1", "198.51.100.1, unknown", "10.0.0.1"},
		{"2", "10.0.0.1:1", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.2"},
		{"2", "[fe80::1%eth0]:1", "6.6.6.6, [2001:db8::1]:443, 10.0.0.2:80", "2001:db8::1"},
		{"private,10.0.0.2", "127.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"1", "203.0.113.9:1", "6.6.6.6, 10.0.0.5", "10.0.0.5"},
		{"1", "10.0.0.1:1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
		{"2", "10.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"2", "10.0.0.1:1", "6.6.6.6, 10.0.0.5, 10.0.0.2", "10.0.0.5"},
		{"2", "10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"2", "10.0.0.1:1", "", "10.0.0.1"},
		{"none", "127.0.0.1:1", "6.6.6.6", "127.0.0.1"},
	} {
		var trusted config.Proxies
		if err := trusted.Decode(c.trusted); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := proxies(trusted).counted(r).String(); got != c.want {
			t.Errorf("TRUSTED_PROXIES=%s, peer %s, forwarded %q: counts for %s, want %s", c.trusted, c.peer, c.forwarded, got, c.want)
		}
		if hops := trusted.Hops(); hops > 0 && proxies(trusted).client(r) != proxies(trusted).counted(r) {
			t.Errorf("TRUSTED_PROXIES=%s: %s and %s are one client", c.trusted, proxies(trusted).client(r), c.want)
		}
	}
	for _, text := range []string{"0", "-1", "17", "1,10.0.0.1"} {
		if err := new(config.Proxies).Decode(text); err == nil {
			t.Errorf("TRUSTED_PROXIES=%s was understood", text)
		}
	}
}
