package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestAGatewayKnowsWhetherACommitWasMadeWhoseReplyIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range orders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := dbtest.Postgres(t, c.schema)
			p, url := dbtest.NewProxy(t, direct)
			s := join(t, 1, Config{URL: url, IDKind: c.kind, Timeout: patience})[0]
			other := join(t, 1, Config{URL: direct, IDKind: c.kind, Timeout: patience})[0]
			last := mustSave(t, s, draft("r1", "first"))
			for i := range 6 {
				s.awakeNow()
				if i%2 == 0 {
					p.Swallow.Store(true) // committed
				} else {
					p.Withhold.Store(20) // and now not, for the server waits for the rest
				}
				stored := mustSave(t, s, draft("r1", fmt.Sprint("doubtful ", i)))
				if stored.Position <= last.Position || stored.Previous != last.Position {
					t.Errorf("%d: %d after %d, and the last one was %d", i, stored.Position, stored.Previous, last.Position)
				}
				rows, _ := everything(t, other, last.Position)
				if len(rows) != 1 || rows[0].Position != stored.Position || string(rows[0].ID) != string(stored.ID) || len(rows[0].Others) != len(stored.Others) {
					t.Fatalf("%d: stored as %+v, told as %+v", i, rows, stored)
				}
				last = stored
				eventually(t, func() error { return s.Ready(t.Context()) })
			}
			if got := dbtest.Column(t, direct, allTexts); len(got) != 7 {
				t.Errorf("rows %q", got)
			}
		})
	}
}

// Its sender hears nothing, or that it is not stored; the others hear it from the clock and the table, as if the gateway had died
// between its commit and its telling.
func TestWhatWasCommittedIsFoundByOthersWhateverItsSenderWasTold(t *testing.T) {
	t.Parallel()
	direct := dbtest.Postgres(t, prismaPostgres)
	p, url := dbtest.NewProxy(t, direct)
	s := join(t, 1, Config{URL: url, Timeout: time.Second})[0]
	other := join(t, 1, Config{URL: direct})[0]
	before := mustSave(t, s, draft("r1", "before"))
	s.awakeNow()
	p.Refuse.Store(true)
	p.Swallow.Store(true)
	d := draft("r1", "doubtful")
	d.Fingerprint = 12345
	if err := <-answerOf(s, d); !errors.Is(err, message.ErrUnavailable) {
		t.Fatalf("answered %v", err)
	}
	rows, through := everything(t, other, before.Position)
	if len(rows) != 1 || rows[0].Text != "doubtful" || rows[0].Previous != before.Position || through != rows[0].Position {
		t.Fatalf("the other gateway reads %+v up to %d", rows, through)
	}
	p.Refuse.Store(false)
	eventually(t, func() error { _, err := save(t, s, draft("r1", "after")); return err })
	if got := dbtest.Column(t, direct, `SELECT text FROM "Message" ORDER BY id`); len(got) != 3 || got[1] != "doubtful" {
		t.Errorf("rows %q", got)
	}
	// Sent again, it is known.
	if k, found, err := s.Repeated(t.Context(), d, before.Position); err != nil || !found || k.Position != rows[0].Position {
		t.Errorf("sent again: %+v %v %v", k, found, err)
	}
}

// A statement that a frozen server holds back comes when the gateway has settled that there was none.
func TestACommitThatComesAfterItsSettlementIsNone(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := join(t, 1, Config{URL: url, Timeout: patience})[0]
	mustSave(t, s, draft("r1", "before"))
	e, err := s.newEntry(draft("r1", "late"), func(message.Stored, error) {})
	must(t, err)
	e.accepted = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	late := s.newTurn([]*entry{e}, 0)
	for range 2 {
		if committed, err := s.cluster.settle(ctx, late); err != nil || committed {
			t.Fatalf("settled: %v %v", committed, err)
		}
	}
	before, err := s.Now(ctx)
	must(t, err)
	if err := s.cluster.commit(ctx, late); err == nil {
		t.Error("the late commit succeeded")
	}
	if now, err := s.Now(ctx); err != nil || now != before {
		t.Errorf("the clock went from %d to %d (%v)", before, now, err)
	}
	s.turns = late.number
	mustSave(t, s, draft("r1", "after"))
	if got := dbtest.Column(t, url, allTexts); len(got) != 2 || got[0] != "after" || got[1] != "before" {
		t.Errorf("rows %q", got)
	}
}
