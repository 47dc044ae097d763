package database

import (
	"strings"
	"testing"
)

const secret = "hunter2secret"

func TestURLsAsPrismaWritesThem(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]URL{
		"none":                                  {Kind: None},
		"file:./dev.db":                         {Kind: SQLite, file: "./dev.db"},
		"file:dev.db?connection_limit=1":        {Kind: SQLite, file: "dev.db"},
		"file:/var/lib/chat.db":                 {Kind: SQLite, file: "/var/lib/chat.db"},
		"file:///var/lib/chat.db":               {Kind: SQLite, file: "/var/lib/chat.db"},
		"postgres://ann@db:5433/chat":           {Kind: Postgres, dsn: "postgres://ann@db:5433/chat"},
		"postgresql://ann:p%40ss@db/chat":       {Kind: Postgres, dsn: "postgresql://ann@db/chat", password: "p@ss"},
		"postgres://ann@db/chat?password=p%40s": {Kind: Postgres, dsn: "postgres://ann@db/chat", password: "p@s"},
		"postgres://a@db/c?schema=chat&pgbouncer=true&connection_limit=5&pool_timeout=2&socket_timeout=3&sslmode=require": {
			Kind: Postgres, dsn: "postgres://a@db/c?sslmode=require", Schema: "chat", PgBouncer: true, Connections: 5},
		"postgres://a@db/c?statement_cache_size=0&connect_timeout=9": {Kind: Postgres, dsn: "postgres://a@db/c?connect_timeout=9", PgBouncer: true},
		"postgres://a@db/c?sslaccept=strict&sslcert=ca.pem":          {Kind: Postgres, dsn: "postgres://a@db/c?sslmode=verify-full&sslrootcert=ca.pem"},
		"postgres://a@db/c?sslmode=require&sslcert=ca.pem&sslaccept=accept_invalid_certs": {
			Kind: Postgres, dsn: "postgres://a@db/c?sslmode=require"},
		"postgres://a@db/c?sslcert=me.pem&sslkey=me.key": {Kind: Postgres, dsn: "postgres://a@db/c?sslcert=me.pem&sslkey=me.key"},
		"postgres://a@db/c?ssl=true":                     {Kind: Postgres, dsn: "postgres://a@db/c?sslmode=require"},
	} {
		if got, err := Parse(raw); err != nil || got != want {
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
		if _, err := Parse(raw); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %q", raw, err, word)
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
		got, err := Parse(head + secret + rest)
		if err != nil {
			if strings.Contains(err.Error(), secret) && !strings.HasPrefix(head, "prisma") {
				t.Errorf("error holds the secret: %v", err)
			}
			return
		}
		if got.Kind == Postgres && strings.Contains(got.password, secret) && strings.Contains(got.dsn, secret) && !strings.Contains(rest, secret) && !strings.Contains(head, secret) {
			t.Errorf("%q still holds the password", got.dsn)
		}
		if again, err := Parse(got.dsn); got.Kind == Postgres && (err != nil || again.password != "" || again.Schema != "" || again.PgBouncer) {
			t.Errorf("%q still holds what was split off: %+v, %v", got.dsn, again, err)
		}
	})
}
