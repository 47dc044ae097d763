package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// withTrigger is a table with a trigger of the app's own, before the given kind of statement.
func withTrigger(t *testing.T, table, statement, body string) string {
	return newPostgres(t, table+fmt.Sprintf(`;
		CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s RETURN NEW; END $$;
		CREATE TRIGGER rule BEFORE %s ON "Message" FOR EACH ROW EXECUTE FUNCTION rule()`, body, statement))
}

// A row that a policy or a trigger refuses, with whatever code, must not look like an outage: everybody would have it.
func TestARowThatARuleRefusesCostsOnlyItself(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"insufficient_privilege", "program_limit_exceeded", "U0001"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: withTrigger(t, prismaPostgres, "INSERT",
				`IF NEW."roomId" = 'bad' THEN RAISE EXCEPTION 'no' USING ERRCODE = '`+code+`'; END IF;`)})
			bad, good := answerOf(s, draft("bad", "x")), answerOf(s, draft("good", "x"))
			if err := <-bad; !errors.Is(err, message.ErrRejected) {
				t.Errorf("the bad row: %v, want ErrRejected", err)
			}
			if err := <-good; err != nil {
				t.Errorf("the row beside it: %v", err)
			}
		})
	}
}

func TestARowThatATriggerSkipsIsNotReportedStored(t *testing.T) {
	t.Parallel()
	url := withTrigger(t, prismaPostgres, "INSERT", `IF NEW."roomId" = 'bad' THEN RETURN NULL; END IF;`)
	s := open(t, Config{URL: url})
	if _, err := save(t, s, draft("bad", "x")); !errors.Is(err, message.ErrRejected) {
		t.Errorf("answered %v, want ErrRejected", err)
	}
	mustSave(t, s, draft("good", "x"))
	if rows := column(t, url, `SELECT "roomId" FROM "Message"`); len(rows) != 1 || rows[0] != "good" {
		t.Errorf("rows of %q", rows)
	}
}

// lostReply loses the reply to the first insert, after which its messages are answered while in doubt.
type lostReply struct {
	table
	lost bool
}

func (l *lostReply) insert(ctx context.Context, batch []*entry, again bool) error {
	if l.lost {
		return l.table.insert(ctx, batch, again)
	}
	l.lost = true
	if err := l.table.insert(ctx, batch, again); err != nil {
		return err
	}
	return unavailable(errors.New("connection lost"), true)
}

func TestATableThatForbidsDeletingDoesNotKeepTheStoreDown(t *testing.T) {
	t.Parallel()
	// With ids from the database a message is answered at once when its commit is in doubt.
	serial := strings.Replace(prismaPostgres, `"id" TEXT NOT NULL`, `"id" SERIAL`, 1)
	s := open(t, Config{URL: withTrigger(t, serial, "DELETE", `RAISE EXCEPTION 'append only';`)})
	s.table = &lostReply{table: s.table} // before anything is sent
	if _, err := save(t, s, draft("r", "x")); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("answered %v, want ErrUnavailable", err)
	}
	eventually(t, func() error {
		_, err := save(t, s, draft("r", "y"))
		return err
	})
}
