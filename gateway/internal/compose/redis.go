package compose

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/pkg/redisadapter"
)

// Redis returns how to connect to Redis, by a connection of that name.
func Redis(c config.Config, name string) redis.Options {
	return redis.Options{URL: string(c.RedisURL), Name: name}
}

// Adapter returns how this gateway talks with other servers. The caller adds what it hears: Kept, ServerEvent and Observer.
func Adapter(c config.Config) redisadapter.Options {
	o := redisadapter.Options{Wire: redisadapter.Wire(c.RedisAdapter), Prefix: c.RedisPrefix, Stream: c.RedisStream}
	if c.RedisKey != "" {
		key := sha256.Sum256([]byte(c.RedisKey))
		o.Key = key[:]
	}
	return o
}

// SecretsInCommon is a fingerprint of the secrets that gateways which are one must share: with others one can't read what the other has
// written, or lets in whom the other does not know. It can lie open: a secret can't be had from it unless all others are known and it is
// weak.
func SecretsInCommon(c config.Config) string {
	all := append([]config.Secret{c.RedisKey, c.MessageEncryptionKey, c.JWTSecret, c.BetterAuthSecret, c.SessionSecret}, c.AuthSecrets()...)
	mac := hmac.New(sha256.New, []byte("socketgate secrets in common"))
	for _, secret := range all {
		fmt.Fprintf(mac, "%d:%s", len(secret), string(secret))
	}
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Cluster is what gateways have in common that are one, or empty.
func Cluster(c config.Config) string {
	if !c.RedisURL.Set() {
		return ""
	}
	return c.RedisPrefix
}
