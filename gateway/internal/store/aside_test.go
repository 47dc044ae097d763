package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// asideOf takes places for n events, and returns the positions and what done was told.
func asideOf(s *Store, n int) (positions []uint64, previous uint64, err error) {
	done := make(chan error, 1)
	s.Aside(func(ctx context.Context, db Asker, at Place) (last uint64, err error) {
		previous = at.Previous
		for i := range n {
			p := at.First + uint64(i)
			if at.Sequence != "" {
				rows, err := db.Query(ctx, "SELECT nextval($1::text::regclass)", at.Sequence)
				if err != nil {
					return 0, err
				}
				if p, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[uint64]); err != nil {
					return 0, err
				}
			}
			positions, last = append(positions, p), p
		}
		return last, nil
	}, func(err error) { done <- err })
	return positions, previous, <-done
}

func TestEventsAsideStandBetweenTheMessagesAroundThem(t *testing.T) {
	t.Parallel()
	serials := `CREATE TABLE "Message" (id serial PRIMARY KEY, text text NOT NULL, "userId" text NOT NULL, "roomId" text NOT NULL)`
	for name, c := range map[string]struct{ schema, ids, node string }{
		"cuids": {prismaPostgres, idsCUID, ""}, "uuids": {prismaPostgres, idsUUID, ""}, "serials": {serials, idsDatabase, ""},
		"cuids of several": {prismaPostgres, idsCUID, "n"}, "uuids of several": {prismaPostgres, idsUUID, "n"}, "serials of several": {serials, idsDatabase, "n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, c.schema)
			s := open(t, Config{URL: url, IDKind: c.ids, Node: c.node, Timeout: patience})
			last := uint64(0)
			for i := range 60 { // more than there are slots in a millisecond
				stored := mustSave(t, s, draft("r1", fmt.Sprint(i)))
				if stored.Position <= last {
					t.Fatalf("message %d is at %d, after %d", i, stored.Position, last)
				}
				positions, previous, err := asideOf(s, 1+i%2*(MostAside-1))
				must(t, err)
				if c.node != "" && previous != stored.Position {
					t.Errorf("what is aside is behind %d, not %d", previous, stored.Position)
				}
				last = stored.Position
				for _, p := range positions {
					if p <= last {
						t.Fatalf("aside of message %d: %d after %d", i, p, last)
					}
					last = p
				}
			}
			if c.node == "" {
				return
			}
			if now, err := s.Now(t.Context()); err != nil || now != last {
				t.Errorf("the clock is at %d, %v, want %d", now, err, last)
			}
		})
	}
}

func TestWhatIsAsideIsToldAfterTheMessagesBeforeIt(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres), Timeout: patience})
	const n = 200
	told := make(chan int, 2*n)
	for i := range n {
		s.Save(draft("r1", "x"), func(message.Stored, error) { told <- 2 * i })
		s.Aside(func(context.Context, Asker, Place) (uint64, error) { return 0, nil }, func(error) { told <- 2*i + 1 })
	}
	for i := range 2 * n {
		if got := <-told; got != i {
			t.Fatalf("%d was told in the place of %d", got, i)
		}
	}
}

func TestAnEventAsideThatFailsCostsNoMessage(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"", "n"} {
		s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres), Node: node, Timeout: patience})
		failed := make(chan error, 1)
		s.Aside(func(ctx context.Context, db Asker, _ Place) (uint64, error) {
			rows, err := db.Query(ctx, "SELECT 1/0")
			if err == nil {
				rows.Close()
				err = rows.Err()
			}
			return 7, err
		}, func(err error) { failed <- err })
		if err := <-failed; err == nil {
			t.Error("no error")
		}
		mustSave(t, s, draft("r1", "x"))
	}
}

func TestAfterALostConnectionEventsAsideGoOnByThemselves(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := open(t, Config{URL: url, Timeout: patience})
	dbtest.Exec(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	eventually(t, func() error {
		done := make(chan error, 1)
		s.Aside(func(ctx context.Context, db Asker, _ Place) (uint64, error) {
			rows, err := db.Query(ctx, "SELECT 1")
			if err == nil {
				rows.Close()
				err = rows.Err()
			}
			return 0, err
		}, func(err error) { done <- err })
		return <-done
	})
}

func TestACommitAsideBeginsInASlotOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, ids := range []string{idsCUID, idsUUID} {
		m := Mapping{IDs: ids}
		const now = firstMilli + 1000
		last := m.counters()/m.slot() - 1 // slot of a millisecond
		for name, c := range map[string]struct{ clock, want uint64 }{
			"long ago":                   {firstMilli * perMilli, now * perMilli},
			"this millisecond":           {now*perMilli + 1, (now + 1) * perMilli},
			"ahead of time":              {(now+5)*perMilli + m.slot() - 1, (now + 6) * perMilli},
			"far ahead":                  {(now + 500) * perMilli, (now+500)*perMilli + m.slot()},
			"far ahead, the latest slot": {(now+500)*perMilli + last*m.slot(), (now + 501) * perMilli},
		} {
			if got := m.placeAfter(c.clock, now); got != c.want {
				t.Errorf("%s, %s: %d, want %d", ids, name, got, c.want)
			}
		}
	}
}

func TestPositionsBeginBehindWhatIsAside(t *testing.T) {
	t.Parallel()
	now := uint64(time.Now().UnixMilli()) * perMilli
	for name, c := range map[string]struct {
		ids   string
		aside uint64
		takes bool
	}{
		"an hour ahead": {idsCUID, now + 3_600_000*perMilli, true}, "of other ids": {idsCUID, 12, false},
	} {
		s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres), IDKind: c.ids, Aside: c.aside, Timeout: patience})
		if got := s.Head() == c.aside; got != c.takes {
			t.Errorf("%s: the head is %d", name, s.Head())
		}
		if stored := mustSave(t, s, draft("r1", "x")); stored.Position <= c.aside {
			t.Errorf("%s: a message is at %d", name, stored.Position)
		}
	}
	ints := Mapping{IDs: idsDatabase}
	s := &Store{mapping: ints}
	if s.beginBehind(now); s.head != 0 {
		t.Error("a time was taken for an integer id")
	}
	if s.beginBehind(12); s.head != 12 || s.told != 12 {
		t.Error("the latest id was not taken")
	}
}

func TestOnlyPostgresHasPlacesAside(t *testing.T) {
	t.Parallel()
	if _, _, err := asideOf(open(t, Config{URL: newSQLite(t)}), 1); !errors.Is(err, errNoAside) {
		t.Error(err)
	}
}
