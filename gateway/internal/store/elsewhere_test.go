package store

import (
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// fromElsewhere is a message whose client may have sent it to another gateway.
func fromElsewhere(fingerprint uint64, text string) message.Draft {
	d := marked(fingerprint, text)
	d.Elsewhere = true
	return d
}

// twoGateways opens two on one table, for each kind of ids that has place for fingerprints.
func twoGateways(t *testing.T, test func(t *testing.T, url string, a, b *Store)) {
	uuids := strings.Replace(prismaPostgres, `"id" TEXT`, `"id" UUID`, 1)
	for name, schema := range map[string]string{"cuid": prismaPostgres, "uuid": uuids} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, schema)
			test(t, url, open(t, Config{URL: url, Node: "a", Encrypt: sealed, Decrypt: unsealed}), open(t, Config{URL: url, Node: "b", Encrypt: sealed, Decrypt: unsealed}))
		})
	}
}

func TestAMessageOfAnotherGatewayIsKnownAgain(t *testing.T) {
	t.Parallel()
	twoGateways(t, func(t *testing.T, _ string, a, b *Store) {
		for _, text := range []string{"one", "two"} {
			stored := mustSave(t, a, marked(7, text))
			if got := repeated(t, b, fromElsewhere(7, text)); len(got) != 1 || got[0] != stored.Position {
				t.Errorf("%s is at %d, want %d", text, got, stored.Position)
			}
		}
		if got := repeated(t, b, fromElsewhere(8, "one")); got != nil {
			t.Errorf("another one is at %d", got)
		}
		stored := mustSave(t, b, marked(9, "own"))
		if got := repeated(t, b, fromElsewhere(9, "own")); len(got) != 1 || got[0] != stored.Position {
			t.Errorf("its own is at %d, want %d once", got, stored.Position)
		}
	})
}

// The first gateway takes its time: its commit comes after the second one has looked and before it commits itself.
func TestAMessageThatIsOnItsWayAtAnotherGatewayIsStoredOnce(t *testing.T) {
	t.Parallel()
	twoGateways(t, func(t *testing.T, url string, a, b *Store) {
		mustSave(t, b, marked(1, "before"))
		if got := repeated(t, b, fromElsewhere(7, "hi")); got != nil {
			t.Fatalf("it is at %d already", got)
		}
		first := mustSave(t, a, marked(7, "hi"))
		mustSave(t, a, marked(7, "alike"))
		again := mustSave(t, b, fromElsewhere(7, "hi"))
		if !again.Again || string(again.ID) != string(first.ID) || again.Position != first.Position {
			t.Errorf("stored %s at %d, again %v; want %s at %d", again.ID, again.Position, again.Again, first.ID, first.Position)
		}
		other := mustSave(t, b, fromElsewhere(7, "something else"))
		if other.Again {
			t.Error("what is only alike is not stored")
		}
		if n := len(dbtest.Column(t, url, `SELECT id::text FROM "Message"`)); n != 4 {
			t.Errorf("%d rows, want 4", n)
		}
	})
}

// Without an id the same words may be said again: only what its client has not heard is the same message.
func TestWhatAClientHasHeardIsNotTakenForWhatItSaysAgain(t *testing.T) {
	t.Parallel()
	twoGateways(t, func(t *testing.T, url string, a, b *Store) {
		heard := mustSave(t, a, marked(7, "ok"))
		next := fromElsewhere(7, "ok")
		next.Behind = heard.Position
		second := mustSave(t, b, next)
		if second.Again {
			t.Error("the second is taken for the first")
		}
		under := mustSave(t, a, marked(7, "ok")) // is committed while its client comes to b
		next.Behind = second.Position
		if row := mustSave(t, b, next); !row.Again || row.Position != under.Position {
			t.Errorf("stored at %d, and again: %v", under.Position, !row.Again)
		}
		if n := len(dbtest.Column(t, url, `SELECT id::text FROM "Message"`)); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

// The first gateway has accepted it, and commits only after its client has sent it to the second one: the database hung, or it stood still.
func TestAMessageThatHasWaitedAtOneGatewayIsNotStoredAgain(t *testing.T) {
	t.Parallel()
	twoGateways(t, func(t *testing.T, url string, a, b *Store) {
		mustSave(t, a, marked(1, "before"))
		own := marked(7, "hi")
		own.Own = true
		e, err := a.newEntry(own, nil)
		must(t, err)
		there := mustSave(t, b, fromElsewhere(7, "hi"))
		e.accepted = time.Now().Add(-2 * soonest)
		must(t, a.takeTurn(t.Context(), []*entry{e})) // its committer has nothing to do
		if row, is := e.saidElsewhere(); !is || row.Position != there.Position {
			t.Errorf("stored at %d, and again: %v", there.Position, !is)
		}
		if n := len(dbtest.Column(t, url, `SELECT id::text FROM "Message"`)); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
}

// Both send at once, on both gateways, again and again.
func TestOfMessagesThatAreSentToTwoGatewaysAtOnceEachIsStoredOnce(t *testing.T) {
	t.Parallel()
	twoGateways(t, func(t *testing.T, url string, a, b *Store) {
		const n = 100
		done := make(chan error, 2*n)
		for i := range n {
			for _, s := range []*Store{a, b} {
				s.Save(fromElsewhere(uint64(100+i), "hi"), func(_ message.Stored, err error) { done <- err })
			}
		}
		for range 2 * n {
			must(t, <-done)
		}
		if rows := len(dbtest.Column(t, url, `SELECT id::text FROM "Message"`)); rows != n {
			t.Errorf("%d rows, want %d", rows, n)
		}
	})
}
