package compose

import (
	"bytes"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

func TestRecoveryIsOnWhereMessagesAreStored(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		recovery string
		url      config.DatabaseURL
		on       bool
	}{
		{"auto", "file:./dev.db", true}, {"auto", "none", false}, {"on", "none", true}, {"off", "file:./dev.db", false},
	} {
		r := Recovery(config.Config{Recovery: c.recovery, DatabaseURL: c.url, RecoveryWindow: time.Minute, RecoveryBuffer: 2, RecoveryLimit: 3})
		if on := r != nil; on != c.on {
			t.Errorf("%+v: on is %v", c, on)
		}
		if r != nil && (r.Window != time.Minute || r.Buffer != 2 || r.Limit != 3) {
			t.Errorf("got %+v", r)
		}
	}
}

func TestSessionsOutliveARestartByAKeyOfWhateverSecretTheAppHas(t *testing.T) {
	t.Parallel()
	for _, c := range []config.Config{
		{JWTSecret: "a"}, {AuthSecret: "a"}, {NextauthSecret: "a"}, {BetterAuthSecret: "a"}, {SessionSecret: "a"}, {MessageEncryptionKey: "a"},
	} {
		c.Recovery = "on"
		first, again := Recovery(c).Secret, Recovery(c).Secret
		if len(first) != 32 || !bytes.Equal(first, again) {
			t.Errorf("%+v: %x, then %x", c, first, again)
		}
		if bytes.Equal(first, derived(c, "another")) {
			t.Error("keys for two purposes are one")
		}
		c.JWTSecret = "b"
		if bytes.Equal(first, Recovery(c).Secret) {
			t.Error("another secret makes the same key")
		}
	}
	if secret := Recovery(config.Config{Recovery: "on"}).Secret; secret != nil {
		t.Errorf("a key is made of nothing: %x", secret)
	}
}
