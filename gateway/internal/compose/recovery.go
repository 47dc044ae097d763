package compose

import (
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Recovery returns how clients take up their sessions, or nil where they do not. The caller adds what it reads and tells: Sessions,
// Log, Head and Observer.
func Recovery(c config.Config) *socketio.Recovery {
	if !c.Recovers() {
		return nil
	}
	return &socketio.Recovery{
		Window: c.RecoveryWindow,
		Buffer: c.RecoveryBuffer,
		Limit:  c.RecoveryLimit,
		Secret: derived(c, "socketgate recovery"),
	}
}

// derived makes a key for one purpose of a secret that the app has, so that it is the same after a restart. Nil means that there
// is no such secret: who needs a key makes up one that ends with the process.
func derived(c config.Config, purpose string) []byte {
	secrets := append([]config.Secret{c.JWTSecret}, c.AuthSecrets()...)
	for _, secret := range append(secrets, c.BetterAuthSecret, c.SessionSecret, c.MessageEncryptionKey) {
		if secret == "" {
			continue
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose, sha256.Size)
		if err == nil { // it fails for lengths alone
			return key
		}
	}
	return nil
}
