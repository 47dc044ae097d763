package saved

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	connections "github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

// place is where gateways of a test keep sessions, and what the test does there behind their backs.
type place struct {
	url       string
	silence   func(seconds int)    // the last sign of life of every gateway is that old
	ageClaims func()               // the last claim of every session is a second old
	reject    func(sids ...string) // sessions of the user bad, who has these, are rejected
	sessions  func() int           // how many are kept
	change    func(sql string)     // of a database, which is in the schema socketgate or has none
}

// onEach runs a test on each kind of keeper, and onDatabases on those that are to be swept.
func onEach(t *testing.T, test func(t *testing.T, at place)) {
	onDatabases(t, test)
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, inRedis(t, redistest.Start(t)))
	})
}

func onDatabases(t *testing.T, test func(t *testing.T, at place)) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, inPostgres(t))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, inSQLite(t))
	})
}

const prefix = "test"

// where is what Open takes for a place's URL, or for that of a Redis and that of a database. The caller closes a client of Redis.
func where(url string) (database.URL, Options, error) {
	if first, second, both := strings.Cut(url, " "); both {
		_, o, err := where(first)
		if err != nil {
			return database.URL{}, o, err
		}
		u, err := database.Parse(second)
		return u, o, err
	}
	if !strings.HasPrefix(url, "redis:") {
		u, err := database.Parse(url)
		return u, Options{}, err
	}
	client, err := connections.Open(context.Background(), connections.Options{URL: url})
	return database.URL{Kind: database.None}, Options{Redis: client, Prefix: prefix}, err
}

func inPostgres(t *testing.T) place {
	url := dbtest.Postgres(t, "")
	return place{
		url: url,
		silence: func(seconds int) {
			dbtest.Exec(t, url, fmt.Sprintf(`UPDATE socketgate.gateways SET alive_at = clock_timestamp() - %d * interval '1 second'`, seconds))
		},
		ageClaims: func() {
			dbtest.Exec(t, url, `UPDATE socketgate.sessions SET claimed_at = clock_timestamp() - interval '1 second'`)
		},
		reject: func(...string) {
			dbtest.Exec(t, url, `ALTER TABLE socketgate.sessions ADD CHECK (user_id <> 'bad')`)
		},
		sessions: func() int { return len(dbtest.Column(t, url, `SELECT user_id FROM socketgate.sessions`)) },
		change:   func(sql string) { dbtest.Exec(t, url, strings.ReplaceAll(sql, "{}", "socketgate.")) },
	}
}

func inSQLite(t *testing.T) place {
	url := newSQLite(t)
	exec := func(sql string) {
		db, err := database.OpenSQLite(fileOf(url)+beside, database.Write, 1)
		must(t, err)
		defer db.Close()
		_, err = db.Exec(sql)
		must(t, err)
	}
	return place{
		url:       url,
		silence:   func(seconds int) { exec(fmt.Sprintf(`UPDATE gateways SET alive_at = %s - %d`, now, seconds)) },
		ageClaims: func() { exec(`UPDATE sessions SET claimed_at = ` + now + ` - 1`) },
		reject: func(...string) {
			exec(`CREATE TRIGGER no BEFORE INSERT ON sessions WHEN new.user_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`)
		},
		change: exec,
		sessions: func() (n int) {
			db, err := database.OpenSQLite(fileOf(url)+beside, database.Read, 1)
			must(t, err)
			defer db.Close()
			must(t, db.QueryRow(`SELECT count(*) FROM sessions`).Scan(&n))
			return n
		},
	}
}

// inRedis is a place for gateways whose window is a minute.
func inRedis(t *testing.T, server *redistest.Server) place {
	keys := func(kind string) []string {
		all, err := server.Do("KEYS", prefix+":"+kind+":*").AsStrSlice()
		must(t, err)
		return all
	}
	return place{
		url: server.URL(),
		silence: func(seconds int) {
			for _, one := range keys("gateway") {
				left := time.Minute - time.Duration(seconds)*time.Second
				must(t, server.Do("PEXPIRE", one, strconv.FormatInt(left.Milliseconds(), 10)).Error())
			}
		},
		ageClaims: func() {
			for _, one := range keys("session") {
				text, err := server.Do("GET", one).ToString()
				must(t, err)
				words := strings.SplitN(text, " ", 4)
				words[2] = strconv.FormatInt(time.Now().UnixMilli()-1000, 10)
				must(t, server.Do("SET", one, strings.Join(words, " "), "KEEPTTL").Error())
			}
		},
		reject: func(sids ...string) {
			for _, sid := range sids {
				must(t, server.Do("RPUSH", (&redis{prefix: prefix}).session(keyOf("/", sid)), "somebody else's").Error())
			}
		},
		sessions: func() int { return len(keys("session")) },
	}
}
