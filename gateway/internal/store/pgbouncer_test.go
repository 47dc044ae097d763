package store

import (
	"errors"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// In transaction mode each statement may run on another connection of the server.
func TestThroughPgBouncerInTransactionMode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a PgBouncer, and -short runs without servers")
	}
	for name, c := range map[string]struct{ migration, seed, user, room, nowhere, url string }{
		"ids of the gateway":  {"default", `INSERT INTO "User" (id, username, password) VALUES ('ann', 'ann', ''); INSERT INTO "Room" (id, name) VALUES ('lobby', '')`, "ann", "lobby", "nowhere", ""},
		"ids of the database": {"autoincrement", `INSERT INTO "User" (username) VALUES ('ann'); INSERT INTO "Chat" (title) VALUES ('')`, "1", "1", "2", ""},
		"another schema":      {"schemas", `INSERT INTO auth."User" VALUES ('ann', 'ann'); INSERT INTO chat."Room" VALUES ('lobby', '')`, "ann", "lobby", "nowhere", "&schema=chat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := dbtest.Postgres(t, migration(t, c.migration)+"; "+c.seed)
			url := dbtest.PgBouncer(t, direct) + c.url
			report, err := Inspect(t.Context(), Config{URL: url})
			must(t, err)
			if report.Trial != (Trial{Room: c.room, User: c.user}) {
				t.Errorf("trial %+v", report.Trial)
			}
			// Two gateways share the pooler's connections: what one leaves on a connection the other would meet.
			first, second := open(t, Config{URL: url, AccessQuery: `SELECT $1 <> '' AND $2 <> ''`}), open(t, Config{URL: url})
			for range 3 {
				sendBesideABadOne(t, first, c.user, c.room, c.nowhere)
				sendBesideABadOne(t, second, c.user, c.room, c.nowhere)
				if ok, err := first.MayJoin(t.Context(), c.room, c.user); !ok || err != nil {
					t.Errorf("may join: %v %v", ok, err)
				}
			}
			answers := make([]<-chan error, 200)
			for i := range answers {
				s := []*Store{first, second}[i%2]
				room := c.room
				if i%5 == 4 {
					room = c.nowhere
				}
				answers[i] = answerOf(s, message.Draft{Room: room, User: c.user, Text: "x"})
			}
			for i, answer := range answers {
				if err := <-answer; (i%5 == 4) != (causeOf(err) == "rejected" && err != nil) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			rows, err := first.newest(t.Context(), 1000)
			must(t, err)
			if len(rows) != 3*2*2+160 {
				t.Errorf("%d rows, want %d", len(rows), 3*2*2+160)
			}
			if left := dbtest.Column(t, direct, `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`); len(left) > 0 {
				t.Errorf("connections left in a transaction: %q", left)
			}
		})
	}
}

// A pooler without pgbouncer=true loses prepared statements.
func TestStatementThatAPoolerLostIsNoRejection(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres)})
	mustSave(t, s, draft("r1", "a"))
	mustSave(t, s, draft("r1", "b"))
	p := s.table.(*postgresTable)
	if _, err := p.writer.PgConn().Exec(t.Context(), "DEALLOCATE ALL").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := save(t, s, draft("r1", "c")); errors.Is(err, message.ErrRejected) {
		t.Errorf("%v", err)
	}
}
