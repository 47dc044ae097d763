package config

import (
	"net/url"
	"slices"
	"strings"
)

// redisSchemes are those that rueidis reads.
var redisSchemes = []string{"redis", "rediss", "unix"}

// checkGateways checks what makes gateways one.
func (c *Config) checkGateways(faults *report) {
	if c.RedisURL.Set() {
		u, err := url.Parse(string(c.RedisURL))
		switch {
		case err != nil || !slices.Contains(redisSchemes, u.Scheme):
			faults.add("REDIS_URL", nil)
		case strings.HasPrefix(string(c.DatabaseURL), "file:"):
			faults.add("REDIS_URL", hint("but DATABASE_URL is a SQLite file, which is one gateway's alone: use Postgres, or REDIS_URL=none"))
		}
	}
	if c.RedisStream != "" && !c.RedisURL.Set() {
		faults.add("REDIS_URL", hint("but REDIS_STREAM is set"))
	}
	if c.PostgresEmitter && !strings.HasPrefix(string(c.DatabaseURL), "postgres") {
		faults.add("POSTGRES_EMITTER", hint("but DATABASE_URL is not Postgres"))
	}
	if c.SQLEmit && !strings.HasPrefix(string(c.DatabaseURL), "postgres") {
		faults.add("SQL_EMIT", hint("but DATABASE_URL is not Postgres"))
	}
	if c.RedisPrefix == "" || strings.ContainsAny(c.RedisPrefix, "#*?[]\\ \t\n") {
		faults.add("REDIS_PREFIX", nil)
	}
}
