package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// missed gives what somebody missed of the rooms, from a position on.
func missed(t testing.TB, s *Store, after uint64, rooms ...string) []message.Kept {
	t.Helper()
	var gaps []message.Gap
	for _, room := range rooms {
		gaps = append(gaps, message.Gap{Room: room, After: after})
	}
	kept, err := s.Missed(t.Context(), gaps, 1<<62, 1000)
	must(t, err)
	return kept
}

func textsOf(kept []message.Kept) string {
	var texts []string
	for _, k := range kept {
		texts = append(texts, k.Text)
	}
	return strings.Join(texts, " ")
}

func sealed(text, room, user string) (string, error) {
	return "sealed/" + room + "/" + user + "/" + text, nil
}

func unsealed(text, room, user string) (string, error) {
	plain, ok := strings.CutPrefix(text, "sealed/"+room+"/"+user+"/")
	if !ok {
		return "", errors.New("not for these ids")
	}
	return plain, nil
}

// tablesToReread are tables of several shapes, with a room and a user that they hold.
func tablesToReread(t *testing.T) map[string]struct{ url, room, user string } {
	const updated = `, "updatedAt" TIMESTAMP(3) NOT NULL, kind TEXT NOT NULL DEFAULT 'TEXT', number INTEGER GENERATED ALWAYS AS (length(text)) STORED)`
	const trigger = `NEW.kind = 'a' || length(NEW.text);`
	more := strings.TrimSuffix(prismaPostgres, ")") + updated
	moreLite := strings.TrimSuffix(prismaSQLite, "\n)") + strings.Replace(updated, "STORED", "VIRTUAL", 1)
	zoned := strings.Replace(prismaPostgres, "TIMESTAMP(3)", "TIMESTAMPTZ(6)", 1)
	return map[string]struct{ url, room, user string }{
		"postgres":                  {dbtest.Postgres(t, prismaPostgres), "r1", "u1"},
		"postgres, more columns":    {withTrigger(t, more, "INSERT", trigger), `r "1"`, "u1"},
		"postgres, pooled":          {dbtest.Postgres(t, more) + "?pgbouncer=true", "r1", "u1"},
		"postgres, all types":       {dbtest.Postgres(t, `CREATE TYPE "Kind" AS ENUM ('TEXT', 'IMAGE'); CREATE DOMAIN percent AS INTEGER; `+tableOf("TEXT", toldByPostgres)), "r1", "u1"},
		"postgres, serial":          {dbtest.Postgres(t, serialTable), "r1", "u1"},
		"postgres, uuid and int":    {dbtest.Postgres(t, strings.NewReplacer(`"id" TEXT`, `"id" UUID`, `"roomId" TEXT`, `"roomId" INTEGER`, `"userId" TEXT`, `"userId" BIGINT`).Replace(more)), "42", "7"},
		"postgres, uuid rooms":      {dbtest.Postgres(t, strings.ReplaceAll(prismaPostgres, `"roomId" TEXT`, `"roomId" UUID`)), aUUID, "u1"},
		"postgres, numbers":         {dbtest.Postgres(t, strings.ReplaceAll(prismaPostgres, `"roomId" TEXT`, `"roomId" NUMERIC(20)`)), "9007199254740993", "u1"},
		"postgres, chars":           {dbtest.Postgres(t, strings.ReplaceAll(prismaPostgres, `"roomId" TEXT`, `"roomId" CHAR(9)`)), "r1", "u1"},
		"postgres, an index":        {dbtest.Postgres(t, more+`; CREATE INDEX ON "Message" ("roomId", id)`), "r1", "u1"},
		"postgres, times in zones":  {dbtest.Postgres(t, zoned), "r1", "u1"},
		"postgres, times in Tokyo":  {dbtest.Postgres(t, zoned+`; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database()); END $$`), "r1", "u1"},
		"postgres, rounded times":   {dbtest.Postgres(t, strings.Replace(prismaPostgres, "TIMESTAMP(3)", "TIMESTAMP(0)", 1)), "r1", "u1"},
		"postgres, no times":        {dbtest.Postgres(t, tableOf("TEXT", nil)), "r1", "u1"},
		"sqlite":                    {newSQLite(t), "r1", "u1"},
		"sqlite, more columns":      {fileWith(t, moreLite+`; CREATE INDEX i ON "Message" ("roomId")`), "r1", "u1"},
		"sqlite, all types":         {fileWith(t, tableOf("TEXT", toldBySQLite)), "r1", "u1"},
		"sqlite, an index":          {fileWith(t, prismaSQLite+`; CREATE INDEX i ON "Message" ("roomId", id)`), "r1", "u1"},
		"sqlite, integers":          {fileWith(t, strings.ReplaceAll(prismaSQLite, `Id" TEXT`, `Id" INTEGER`)), "42", "7"},
		"sqlite, ids that count up": {fileWith(t, strings.Replace(prismaSQLite, `"id" TEXT NOT NULL PRIMARY KEY`, `"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT`, 1)), "r1", "u1"},
		"sqlite, those and an index": {fileWith(t, strings.Replace(prismaSQLite, `"id" TEXT NOT NULL PRIMARY KEY`, `"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT`, 1)+
			`; CREATE INDEX i ON "Message" ("roomId")`), "r1", "u1"},
	}
}

func TestWhatWasMissedReadsLikeTheAnswerOfItsSender(t *testing.T) {
	t.Parallel()
	for name, c := range tablesToReread(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{URL: c.url, Encrypt: sealed, Decrypt: unsealed, now: ticking()})
			if ok, why := s.Replays(); !ok {
				t.Fatalf("no replay: %s", why)
			}
			if strings.Contains(name, "an index") != s.mapping.Room.leads {
				t.Errorf("an index leads to the id: %t", s.mapping.Room.leads)
			}
			other := map[bool]string{true: "43", false: "r2"}[c.room == "42"]
			before := s.Head()
			var want []message.Kept
			for i := range 5 {
				d := message.Draft{Room: c.room, User: c.user, Text: fmt.Sprint("text ", i)}
				want = append(want, message.Kept{Stored: mustSave(t, s, d), InRoom: c.room, ByUser: c.user, Text: d.Text})
				if c.room != aUUID && c.room[0] != '9' {
					mustSave(t, s, message.Draft{Room: other, User: c.user, Text: "elsewhere"})
				}
			}
			for from := range want {
				after := before
				if from > 0 {
					after = want[from-1].Position
				}
				if got := missed(t, s, after, c.room); !reflect.DeepEqual(got, want[from:]) {
					t.Errorf("from %d on:\n%s, want\n%s", from, show(got), show(want[from:]))
				}
			}
		})
	}
}

// ticking is a clock that goes on by 10 ms whenever it is read.
func ticking() func() time.Time {
	var reads atomic.Int64
	began := time.Now()
	return func() time.Time { return began.Add(time.Duration(reads.Add(1)) * 10 * time.Millisecond) }
}

func show(kept []message.Kept) string {
	var lines []string
	for _, k := range kept {
		lines = append(lines, fmt.Sprintf("%d id %s room %s %s receiver %s %s user %s %s at %s text %q others %s",
			k.Position, k.ID, k.Room, k.InRoom, k.Receiver, k.ToReceiver, k.User, k.ByUser, k.CreatedAt, k.Text, k.Others))
	}
	return strings.Join(lines, "\n")
}
