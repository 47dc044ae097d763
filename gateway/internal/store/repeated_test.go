package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// marked is a message with a fingerprint.
func marked(fingerprint uint64, text string) message.Draft {
	d := draft("r", text)
	d.Fingerprint = fingerprint
	return d
}

// repeated gives the positions of all that is like d.
func repeated(t testing.TB, s *Store, d message.Draft) (positions []uint64) {
	t.Helper()
	after := uint64(0)
	for {
		k, is, err := s.Repeated(t.Context(), d, after)
		must(t, err)
		if !is {
			return positions
		}
		after = k.Position
		positions = append(positions, after)
	}
}

func TestAMessageIsKnownAgainBeforeAndAfterARestart(t *testing.T) {
	t.Parallel()
	uuids := strings.Replace(prismaPostgres, `"id" TEXT`, `"id" UUID`, 1)
	for name, url := range map[string]string{"postgres": dbtest.Postgres(t, prismaPostgres), "postgres, uuids": dbtest.Postgres(t, uuids), "sqlite": newSQLite(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{URL: url, Encrypt: sealed, Decrypt: unsealed}
			s := open(t, c)
			stored := mustSave(t, s, marked(1<<63|7, "ok"))
			want := message.Kept{Stored: stored, InRoom: "r", ByUser: "u1", Text: "ok"}
			again := mustSave(t, s, marked(1<<63|7, "ok")).Position
			mustSave(t, s, marked(8, "ok"))
			mustSave(t, s, draft("r", "ok"))
			for _, when := range []string{"before", "after"} {
				got, is, err := s.Repeated(t.Context(), marked(1<<63|7, "ok"), 0)
				if err != nil || !is || !reflect.DeepEqual(got, want) {
					t.Errorf("%s a restart: %t, %v,\n%s, want\n%s", when, is, err, show([]message.Kept{got}), show([]message.Kept{want}))
				}
				if got := repeated(t, s, marked(1<<63|7, "ok")); fmt.Sprint(got) != fmt.Sprint([]uint64{stored.Position, again}) {
					t.Errorf("%s a restart it is at %d, want %d and %d", when, got, stored.Position, again)
				}
				other := map[string]message.Draft{"text": marked(7, "OK"), "fingerprint": marked(9, "ok"), "no fingerprint": draft("r", "ok"), "room": marked(7, "ok"), "user": marked(7, "ok")}
				for what, d := range other {
					switch what {
					case "room":
						d.Room = "s"
					case "user":
						d.User = "u2"
					}
					if got := repeated(t, s, d); got != nil {
						t.Errorf("%s a restart, another %s: it is at %d", when, what, got)
					}
				}
				shut(t, s)
				s = open(t, c)
			}
		})
	}
}

// What another process had sent before it was killed may be committed after the start.
func TestAMessageThatIsCommittedAfterTheStartIsKnownSoon(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		old := open(t, Config{URL: url})
		s := open(t, Config{URL: url})
		position := mustSave(t, old, marked(7, "late")).Position
		eventually(t, func() error {
			if got := repeated(t, s, marked(7, "late")); len(got) != 1 || got[0] != position {
				return fmt.Errorf("it is at %d, want %d", got, position)
			}
			return nil
		})
	})
}

func TestWhereTheDatabaseMakesTheIDsNothingIsKnownAgain(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: dbtest.Postgres(t, serialTable)})
	mustSave(t, s, marked(7, "ok"))
	if got := repeated(t, s, marked(7, "ok")); got != nil {
		t.Errorf("it is at %d", got)
	}
}

func TestARowThatIsGoneIsNotKnownAgain(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := open(t, Config{URL: url})
	mustSave(t, s, marked(7, "ok"))
	dbtest.Exec(t, url, `DELETE FROM "Message"`)
	if got := repeated(t, s, marked(7, "ok")); got != nil {
		t.Errorf("it is at %d", got)
	}
}
