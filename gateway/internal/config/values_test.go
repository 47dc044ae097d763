package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func TestTrustedProxiesContain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		proxies, addr string
		want          bool
	}{
		{"private", "127.0.0.1", true}, {"private", "::1", true}, {"private", "10.9.8.7", true}, {"private", "172.31.0.1", true},
		{"private", "192.168.1.1", true}, {"private", "fd00::1", true}, {"private", "::ffff:10.0.0.1", true},
		{"private", "172.32.0.1", false}, {"private", "8.8.8.8", false}, {"private", "2001:db8::1", false},
		{"none", "127.0.0.1", false}, {"203.0.113.7", "203.0.113.7", true}, {"203.0.113.7", "203.0.113.8", false},
		{"203.0.113.7", "10.0.0.1", false}, {"::ffff:203.0.113.7", "203.0.113.7", true},
		{"private,203.0.113.0/24", "203.0.113.9", true}, {"fe80::/10", "fe80::1%eth0", true},
	} {
		cfg, faults := parse(with("TRUSTED_PROXIES", c.proxies), ruled)
		if faults != nil {
			t.Fatal(faults)
		}
		if got := cfg.TrustedProxies.Contain(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s contain %s: %v", c.proxies, c.addr, got)
		}
	}
}

func TestNoSecretIsEverShown(t *testing.T) {
	t.Parallel()
	show := func(v any) string {
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		return fmt.Sprintf("%v %+v %#v %s %q %x ", v, v, v, v, v, v) + string(asJSON) + log.String()
	}
	c, _ := parse(with(), ruled)
	for _, v := range []any{c, &c, c.JWTSecret, c.MessageEncryptionKey, c.DatabaseURL} {
		shown := show(v)
		for _, secret := range []string{goodSecret, goodKey, "dbpassw0rd", "alsosecret", fmt.Sprintf("%x", "dbpassw0rd")} {
			if strings.Contains(shown, secret) {
				t.Errorf("%T shows %q", v, secret)
			}
		}
	}
	for text, want := range map[string]string{
		goodURL:                                 "postgresql://app:hidden@db.example:5432/chat",
		"postgres://app@db/chat":                "postgres://app@db/chat",
		"postgres:///chat?password=hunter2":     "postgres:… (33 bytes, hidden)",
		"postgres://h/chat?password=hunter2":    "postgres://h/chat",
		"postgres://h/chat?password=hunter2@x":  "postgres:… (36 bytes, hidden)",
		"postgres://app:12/hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:12?hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:12#hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:hunter2%zz@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres:app:hunter2@h/chat":           "postgres:… (27 bytes, hidden)",
		"host=h user=app password=hunter2":      "32 bytes (hidden)",
		"hunter2":                               "7 bytes (hidden)",
		"file:./dev.db?connection_limit=1&k=hu": "file:./dev.db",
		"none":                                  "none",
	} {
		if got := DatabaseURL(text).String(); got != want {
			t.Errorf("%s: shown as %s, want %s", text, got, want)
		}
	}
}
