package compose

import (
	"net/http/httptest"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

func TestOnlyPagesOfTheSameHostOrListedOnesConnect(t *testing.T) {
	t.Parallel()
	rule := newOrigins([]string{"https://App.example", "http://localhost:3000"}, proxies(config.Default().TrustedProxies))
	for _, c := range []struct {
		host, forwarded, peer string
		origins               []string
		want                  bool
	}{
		{host: "chat.example", want: true}, // no browser
		{host: "chat.example", origins: []string{"https://chat.example"}, want: true},
		{host: "chat.example:8080", origins: []string{"http://chat.example"}, want: true},
		{host: "chat.example", origins: []string{"http://CHAT.example:8080"}, want: true},
		{host: "[::1]:4000", origins: []string{"http://[::1]:3000"}, want: true},
		{host: "chat.example", origins: []string{"https://app.example"}, want: true},
		{host: "chat.example", origins: []string{"http://localhost:3000"}, want: true},
		{host: "chat.example", origins: []string{"http://localhost:3001"}},
		{host: "chat.example", origins: []string{"https://evil.example"}},
		{host: "chat.example", origins: []string{"https://chat.example.evil.example"}},
		{host: "chat.example", origins: []string{"https://evil.example/chat.example"}},
		{host: "chat.example", origins: []string{"https://chat.example@evil.example"}},
		{host: "chat.example", origins: []string{"null"}},
		{host: "chat.example", origins: []string{""}},
		{host: "chat.example", origins: []string{"https://evil.example", "https://chat.example"}},
		{host: "gateway:4000", forwarded: "chat.example", peer: "10.0.0.9:1", origins: []string{"https://chat.example"}, want: true},
		{host: "gateway:4000", forwarded: "evil.example", peer: "203.0.113.9:1", origins: []string{"https://evil.example"}},
	} {
		r := httptest.NewRequest("GET", "/socket.io/", nil)
		r.Host = c.host
		r.Header["Origin"] = c.origins
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-Host", c.forwarded)
			r.RemoteAddr = c.peer
		}
		if got := rule.allow(r); got != c.want {
			t.Errorf("host %s (forwarded %q by %s), origins %q: %v, want %v", c.host, c.forwarded, c.peer, c.origins, got, c.want)
		}
	}
}

func TestEveryOriginMayConnectWhereAsked(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/socket.io/", nil)
	r.Header.Set("Origin", "https://anywhere.example")
	if !newOrigins([]string{"*"}, nil).allow(r) {
		t.Error("refused")
	}
}
