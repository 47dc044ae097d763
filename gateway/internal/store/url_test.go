package store

import (
	"context"
	"strings"
	"testing"
	"time"
)

const secret = "hunter2secret"

func TestURLsAsPrismaWritesThem(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]target{
		"none":                                  {database: databaseNone},
		"file:./dev.db":                         {database: databaseSQLite, path: "./dev.db"},
		"file:dev.db?connection_limit=1":        {database: databaseSQLite, path: "dev.db"},
		"file:/var/lib/chat.db":                 {database: databaseSQLite, path: "/var/lib/chat.db"},
		"file:///var/lib/chat.db":               {database: databaseSQLite, path: "/var/lib/chat.db"},
		"postgres://ann@db:5433/chat":           {database: databasePostgres, dsn: "postgres://ann@db:5433/chat"},
		"postgresql://ann:p%40ss@db/chat":       {database: databasePostgres, dsn: "postgresql://ann@db/chat", password: "p@ss"},
		"postgres://ann@db/chat?password=p%40s": {database: databasePostgres, dsn: "postgres://ann@db/chat", password: "p@s"},
		"postgres://a@db/c?schema=chat&pgbouncer=true&connection_limit=5&pool_timeout=2&socket_timeout=3&sslmode=require": {
			database: databasePostgres, dsn: "postgres://a@db/c?sslmode=require", schema: "chat", pgbouncer: true, connections: 5},
		"postgres://a@db/c?statement_cache_size=0&connect_timeout=9": {database: databasePostgres, dsn: "postgres://a@db/c?connect_timeout=9", pgbouncer: true},
		"postgres://a@db/c?sslaccept=strict&sslcert=ca.pem":          {database: databasePostgres, dsn: "postgres://a@db/c?sslmode=verify-full&sslrootcert=ca.pem"},
		"postgres://a@db/c?sslmode=require&sslcert=ca.pem&sslaccept=accept_invalid_certs": {
			database: databasePostgres, dsn: "postgres://a@db/c?sslmode=require"},
		"postgres://a@db/c?sslcert=me.pem&sslkey=me.key": {database: databasePostgres, dsn: "postgres://a@db/c?sslcert=me.pem&sslkey=me.key"},
		"postgres://a@db/c?ssl=true":                     {database: databasePostgres, dsn: "postgres://a@db/c?sslmode=require"},
	} {
		if got, err := parseURL(raw); err != nil || got != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", raw, got, err, want)
		}
	}
}

func TestURLsThatAreRefusedSayWhatToDo(t *testing.T) {
	t.Parallel()
	for raw, word := range map[string]string{
		"":                                     "it is empty",
		"file:":                                "file:./dev.db",
		"mysql://root@db/chat":                 "mysql is not supported",
		"prisma+postgres://x":                  "not supported",
		"db.example.com":                       "postgres://",
		"postgres://a:b@db:port/c":             "%40",
		"postgres://a@db/c?pgbouncer=maybe":    "pgbouncer",
		"postgres://a@db/c?connection_limit=0": "connection_limit",
	} {
		if _, err := parseURL(raw); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %q", raw, err, word)
		}
	}
}

// Wrong in every way that a URL with a password can be, up to a server that is not there.
func TestErrorsNeverHoldThePassword(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"postgres://ann:" + secret + "#x@db/chat",
		"postgres://ann:1/" + secret + "@db/chat",
		"postgres://ann:1?" + secret + "@db/chat",
		"postgres://ann:" + secret + "%zz@db/chat",
		"postgres://ann:x@" + secret + "@db:port/chat",
		"postgres:ann:" + secret + "@db/chat",
		"mysql://ann:" + secret + "@db/chat",
		"postgres//ann:" + secret + "@db/chat",
		"postgres://ann:" + secret + "@db/chat?sslmode=perhaps",
		"postgres://ann:" + secret + "@db/chat?pool_max_conns=many",
		"postgres://ann@db/chat?sslmode=perhaps&password=" + secret,
		"postgres://ann@db/chat?sslcert=c&sslkey=k&sslpassword=" + secret,
		"postgres://ann:" + secret + "@127.0.0.1:1/chat",
		"postgres://ann:" + secret + "@127.0.0.1:1/chat?sslmode=disable",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		s, err := Open(ctx, Config{URL: raw})
		cancel()
		if err == nil {
			shut(t, s)
			t.Errorf("%s: opened", raw)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzDatabaseURL(f *testing.F) {
	for _, rest := range []string{"@db:5432/chat?schema=public", "@db/chat?pgbouncer=true&connection_limit=1", "#@db", "/@db", "?@db", "%zz@db", "@[::1]:1/c", "@a,b/c", "@db/c?password=x&sslcert=c&sslaccept=strict"} {
		f.Add("postgres://ann:", rest)
	}
	f.Add("file:", "")
	f.Add("none", "")
	f.Fuzz(func(t *testing.T, head, rest string) {
		got, err := parseURL(head + secret + rest)
		if err != nil {
			if strings.Contains(err.Error(), secret) && !strings.HasPrefix(head, "prisma") {
				t.Errorf("error holds the secret: %v", err)
			}
			return
		}
		if got.database == databasePostgres && strings.Contains(got.password, secret) && strings.Contains(got.dsn, secret) && !strings.Contains(rest, secret) && !strings.Contains(head, secret) {
			t.Errorf("%q still holds the password", got.dsn)
		}
		if again, err := parseURL(got.dsn); got.database == databasePostgres && (err != nil || again.password != "" || again.schema != "" || again.pgbouncer) {
			t.Errorf("%q still holds what was split off: %+v, %v", got.dsn, again, err)
		}
	})
}
