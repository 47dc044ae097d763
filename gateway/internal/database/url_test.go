package database

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
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
		"file:///srv/my%20chat.db?mode=ro":               {Kind: SQLite, file: "/srv/my%20chat.db"},
		"FILE:dev.db?connection_limit=1&socket_timeout=": {Kind: SQLite, file: "dev.db"},
	} {
		if got, err := Parse(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", raw, got, err, want)
		}
	}
}

// What other drivers understand means the same here, or nothing.
func TestParametersOfOtherDriversAreUnderstoodOrLeftOut(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                     "",
		"&":                    "",
		"sslmode=require&":     "sslmode=require",
		"&&sslmode=require&x&": "sslmode=require",
		"supa=base-pooler.x&workaround=supabase-pooler.vercel&max=5&idleTimeoutMillis=1":              "",
		"gssencmode=disable&krbsrvname=x&sslcompression=0&replication=false":                          "krbsrvname=x",
		"keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=9": "",
		"pool_timeout=2&socket_timeout=3&max_connection_lifetime=1&single_use_connections=true":       "",
		"uselibpqcompat=true&sslmode=require":                                                         "sslmode=require",
		"sslmode=no-verify":                                                                           "sslmode=require",
		"sslmode=no-verify&sslrootcert=ca.pem":                                                        "sslmode=require",
		"ssl=no-verify":                                                                               "sslmode=require",
		"ssl=1":                                                                                       "sslmode=require",
		"ssl=0":                                                                                       "sslmode=disable",
		"ssl=false":                                                                                   "sslmode=disable",
		`ssl={"rejectUnauthorized":false}`:                                                            "sslmode=require",
		"ssl=true&sslmode=disable":                                                                    "sslmode=disable",
		"sslmode=":                                                                                    "",
		"sslmode=disable&sslmode=require":                                                             "sslmode=require",
		"sslmode=verify-full&sslrootcert=system":                                                      "sslmode=verify-full&sslrootcert=system",
		"sslmode=require&channel_binding=require":                                                     "channel_binding=require&sslmode=require",
		"sslnegotiation=direct&sslmode=require":                                                       "sslmode=require&sslnegotiation=direct",
		"target_session_attrs=read-write":                                                             "target_session_attrs=read-write",
		"application_name=my+app&options=-c%20x.y=1":                                                  "application_name=my%20app&options=-c%20x.y%3D1",
		"options=project%3Dep-blue":                                                                   "options=project%3Dep-blue",
		"fallback_application_name=psql":                                                              "application_name=psql",
		"search_path=chat&statement_timeout=5000":                                                     "search_path=chat&statement_timeout=5000",
		"app.tenant=7&client_encoding=auto":                                                           "app.tenant=7",
		"connect_timeout=10":                                                                          "connect_timeout=10",
		"connect_timeout=10s":                                                                         "",
		"connect_timeout=-1":                                                                          "",
		"host=/var/run/postgresql&port=6432":                                                          "host=%2Fvar%2Frun%2Fpostgresql&port=6432",
		"currentSchema=x&socketTimeout=1&a;b=1&%zz":                                                   "",
		"synchronous_commit=off":                                                                      "", // an ack says that the message is on disk
	} {
		got, err := Parse("postgres://a:p@db/c?" + query)
		_, rest, _ := strings.Cut(got.dsn, "?")
		if err != nil || rest != want || got.password != "p" {
			t.Errorf("%s:\n got %s, %v\nwant %s", query, rest, err, want)
		}
		if _, err := pgxpool.ParseConfig(got.dsn); err != nil && !strings.Contains(query, "sslrootcert=") {
			t.Errorf("%s: pgx says %v", query, err)
		}
	}
}

// Who has a URL from elsewhere has not always encoded it as it should be.
func TestUsersPasswordsAndHostsAreReadAsOthersReadThem(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][5]string{ // user, password, host, port, database
		"postgres://u:p%40ss@db:5433/c":                         {"u", "p@ss", "db", "5433", "c"},
		"postgres://u:100%@db/c":                                {"u", "100%", "db", "5432", "c"},
		"postgres://u:p%zzw@db/c":                               {"u", "p%zzw", "db", "5432", "c"},
		"postgres://u:a^b|c{d}[e]`f\"<g>\\@db/c":                {"u", "a^b|c{d}[e]`f\"<g>\\", "db", "5432", "c"},
		"postgres://u:p@ss@db/c":                                {"u", "p@ss", "db", "5432", "c"},
		"postgres://u:a:b c+d@db/c":                             {"u", "a:b c+d", "db", "5432", "c"},
		"postgres://ü:pässwörd@db/c":                            {"ü", "pässwörd", "db", "5432", "c"},
		"postgres://us%40er.ref:p@db/c":                         {"us@er.ref", "p", "db", "5432", "c"},
		"postgres://u:p@db/my%20db/":                            {"u", "p", "db", "5432", "my db"},
		"POSTGRES://u:p@db/c":                                   {"u", "p", "db", "5432", "c"},
		"postgres://u:p@[::1]:5433/c":                           {"u", "p", "::1", "5433", "c"},
		"postgres://u:p@%2Fvar%2Frun%2Fpostgresql/c":            {"u", "p", "/var/run/postgresql", "5432", "c"},
		"postgres://u:p@%2Ftmp:6432/c":                          {"u", "p", "/tmp", "6432", "c"},
		"postgres://u:p@localhost/c?host=/var/run/postgresql":   {"u", "p", "/var/run/postgresql", "5432", "c"},
		"postgresql:///c?host=/run/postgresql&user=u":           {"u", "", "/run/postgresql", "5432", "c"},
		"postgres://u:p@h1,h2:5433/c":                           {"u", "p", "h1", "5432", "c"},
		"postgres://u:p@db/c?password=q":                        {"u", "q", "db", "5432", "c"},
		"postgres:///c?user=u&hostaddr=10.0.0.7&password=p%2Bq": {"u", "p+q", "10.0.0.7", "5432", "c"},
		"postgres://u:p@db:/c":                                  {"u", "p", "db", "5432", "c"},
	} {
		got, err := Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		c, err := pgxpool.ParseConfig(got.dsn)
		if err != nil {
			t.Errorf("%s: pgx says %v", raw, err)
			continue
		}
		found := [5]string{c.ConnConfig.User, got.password, c.ConnConfig.Host, strconv.Itoa(int(c.ConnConfig.Port)), c.ConnConfig.Database}
		if found != want || c.ConnConfig.Password != "" {
			t.Errorf("%s:\n got %q\nwant %q", raw, found, want)
		}
	}
}

func TestAConnectionThatNobodyVerifiesIsWarnedOf(t *testing.T) {
	t.Parallel()
	const trusts = "DATABASE_URL trusts whoever answers in the server's place (sslmode="
	for raw, want := range map[string]string{
		"postgres://u:p@ep-1.eu.neon.tech/c?sslmode=require":             trusts + "require)",
		"postgres://u:p@ep-1.eu.neon.tech/c?sslmode=no-verify":           trusts + "require)",
		"postgres://u:p@ep-1.eu.neon.tech/c":                             trusts + "prefer)",
		"postgres://u:p@203.0.113.7:5432/c?sslmode=disable":              trusts + "disable)",
		"postgres://u:p@203.0.113.7/c?sslmode=allow":                     trusts + "allow)",
		"postgres://u:p@[2001:db8::1]:5432/c":                            trusts + "prefer)",
		"postgres://u:p@10.0.0.7,db.example.com/c":                       trusts + "prefer)",
		"postgres://u:p@x/c?host=db.example.com":                         trusts + "prefer)",
		"postgres://u:p@ep-1.eu.neon.tech/c?sslmode=verify-full":         "",
		"postgres://u:p@ep-1.eu.neon.tech/c?sslrootcert=system":          "",
		"postgres://u:p@ep-1.eu.neon.tech/c?sslmode=require&sslcert=c.p": "",
		"postgres://u:p@ep-1.eu.neon.tech/c?sslaccept=strict":            "",
		"postgres://u:p@db:5432/c":                                       "",
		"postgres://u:p@localhost/c":                                     "",
		"postgres://u:p@127.0.0.1:5432/c":                                "",
		"postgres://u:p@[fd00::7]:5432/c":                                "",
		"postgres://u:p@10.1.2.3/c":                                      "",
		"postgres://u:p@db.chat.svc.cluster.local/c":                     "",
		"postgres:///c?host=/run/postgresql.d":                           "",
		"postgres://u:p@db/c?sslidentity=me.p12":                         "DATABASE_URL has sslidentity, which the gateway does not heed",
		"postgres://u:p@db/c?sslcrl=revoked.pem":                         "DATABASE_URL has sslcrl, which the gateway does not heed",
	} {
		warnings, err := Check(raw)
		if all := strings.Join(warnings, "\n"); err != nil || !strings.HasPrefix(all, want) || (want == "") != (all == "") {
			t.Errorf("%s: %q, %v, want %q", raw, warnings, err, want)
		}
	}
}

func TestURLsThatAreRefusedSayWhatToDo(t *testing.T) {
	t.Parallel()
	for raw, word := range map[string]string{
		"":                                       "it is empty",
		"file:":                                  "file:./dev.db",
		"mysql://root@db/chat":                   "mysql is not supported",
		"prisma+postgres://x":                    "not supported",
		"db.example.com":                         "postgres://",
		"postgres://a:b@db:port/c":               "%40",
		"postgres://a@db/c?pgbouncer=maybe":      "pgbouncer",
		"postgres://a@db/c?connection_limit=0":   "connection_limit",
		"prisma://accelerate.example/?api_key=k": "DIRECT_URL",
		"mongodb+srv://a@db/c":                   "mongodb+srv is not supported",
		"sqlite:./dev.db":                        "begins with file:",
		"postgres:a@db/c":                        "percent-encode",
		"postgres://a@d b/c":                     "percent-encode",
		"postgres://a@db:0/c":                    "percent-encode",
		"postgres://a@[::1/c":                    "percent-encode",
		"postgres://a@db/c?sslmode=strict":       "sslmode must be",
		"postgres://a@db/c?gssencmode=require":   "gssencmode",
		"postgres://a@db/c?sslsni=perhaps":       "sslsni",
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

func TestCertificatesAreLookedForBesideTheSchemaToo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range []string{"prisma/ca.pem", "here.pem"} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"sslcert=ca.pem":                       "sslrootcert=prisma%2Fca.pem",
		"sslrootcert=./ca.pem":                 "sslrootcert=prisma%2Fca.pem",
		"sslrootcert=here.pem":                 "sslrootcert=here.pem",
		"sslcert=/abs/ca.pem":                  "sslrootcert=%2Fabs%2Fca.pem",
		"sslcert=here.pem&sslkey=../no%20/key": "sslcert=here.pem&sslkey=..%2Fno%20%2Fkey",
	} {
		got, err := Parse("postgres://db/c?" + query)
		if _, rest, _ := strings.Cut(got.dsn, "?"); err != nil || rest != want {
			t.Errorf("%s: %s, %v, want %s", query, rest, err, want)
		}
	}
}
