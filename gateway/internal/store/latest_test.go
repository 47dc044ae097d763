package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// latestTexts are the texts of each answer.
func latestTexts(all [][]message.Kept) (list []string) {
	for _, rows := range all {
		list = append(list, textsOf(rows))
	}
	return list
}

func TestTheLatestMessagesOfRoomsAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	ints := `CREATE TABLE "Message" (id serial PRIMARY KEY, text text NOT NULL, "userId" text NOT NULL, "roomId" int NOT NULL, "createdAt" timestamp(3) NOT NULL)`
	for name, c := range map[string]struct {
		url   func(t *testing.T) string
		app   string // a row of the app's own, older than all
		known bool   // which rows are ours
	}{
		"Postgres": {func(t *testing.T) string { return dbtest.Postgres(t, prismaPostgres) }, `INSERT INTO "Message" VALUES ('zzz', 'old', 'u9', '1', '2020-01-02')`, true},
		"serials":  {func(t *testing.T) string { return dbtest.Postgres(t, ints) }, `INSERT INTO "Message" VALUES (999999, 'old', 'u9', 1, '2020-01-02')`, false},
		"SQLite":   {func(t *testing.T) string { return newSQLite(t) }, `INSERT INTO "Message" VALUES ('zzz', 'old', 'u9', '1', '2020-01-02T00:00:00.000Z')`, true},
	} {
		t.Run(name, func(t *testing.T) {
			url := c.url(t)
			if strings.HasPrefix(url, "file:") {
				dbtest.SQLite(t, url, c.app)
			} else {
				dbtest.Exec(t, url, c.app)
			}
			s := open(t, Config{URL: url, Decrypt: func(text, _, _ string) (string, error) {
				if text == "garbled" {
					return "", errors.New("no")
				}
				return strings.TrimPrefix(text, "sealed "), nil
			}, Encrypt: func(text, _, _ string) (string, error) {
				if text == "garbled" {
					return text, nil
				}
				return "sealed " + text, nil
			}, Timeout: patience})
			for i := range 5 {
				mustSave(t, s, draft("1", fmt.Sprint(i)))
				mustSave(t, s, draft("2", "garbled"))
			}
			gaps := []message.Gap{{Room: "1"}, {Room: "2"}, {Room: "1"}, {Room: "3"}, {}, {Receiver: "u1"}}
			all, err := s.Latest(t.Context(), gaps, 6, 1<<20)
			must(t, err)
			if got := fmt.Sprintf("%q", latestTexts(all)); got != `["old 0 1 2 3 4" "" "old 0 1 2 3 4" "" "" ""]` {
				t.Errorf("got %s", got)
			}
			if known := all[0][1].Position != 0; known != c.known || all[0][0].Position != 0 || c.known && all[0][5].Position <= all[0][1].Position {
				t.Errorf("positions %d, %d to %d", all[0][0].Position, all[0][1].Position, all[0][5].Position)
			}
			if all, err = s.Latest(t.Context(), gaps[:1], 2, 1<<20); err != nil || latestTexts(all)[0] != "3 4" {
				t.Errorf("two: %q, %v", latestTexts(all), err)
			}
			if all, err = s.Latest(t.Context(), gaps[:1], 6, 3*sweptOverhead); err != nil || latestTexts(all)[0] != "3 4" {
				t.Errorf("as many as fit: %q, %v", latestTexts(all), err)
			}
		})
	}
}

func TestTheIndexThatAHistoryNeedsIsNamed(t *testing.T) {
	t.Parallel()
	const index = `CREATE INDEX ON "Message" ("roomId", "createdAt")`
	sqlite := newSQLite(t)
	indexed := newSQLite(t)
	dbtest.SQLite(t, indexed, `CREATE INDEX i ON "Message" ("roomId")`)
	for url, want := range map[string]string{
		dbtest.Postgres(t, prismaPostgres):                                `CREATE INDEX CONCURRENTLY ON "public"."Message" ("roomId", "createdAt")`,
		dbtest.Postgres(t, prismaPostgres+"; "+index):                     "",
		dbtest.Postgres(t, prismaPostgres+"; "+index+` WHERE text <> ''`): `CREATE INDEX CONCURRENTLY ON "public"."Message" ("roomId", "createdAt")`,
		sqlite:  `CREATE INDEX "Message_roomId_createdAt_idx" ON "Message" ("roomId", "createdAt")`,
		indexed: "",
	} {
		if got := strings.Join(open(t, Config{URL: url}).Mapping().HistoryIndexes(), "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheLatestMessagesOfAPersonAreThoseThatTheyGotAndThoseThatTheySaid(t *testing.T) {
	t.Parallel()
	schema := `CREATE TABLE "Message" (id text PRIMARY KEY, text text NOT NULL, "senderId" text NOT NULL, "receiverId" text, "roomId" text, "createdAt" timestamp(3) NOT NULL)`
	s := open(t, Config{URL: dbtest.Postgres(t, schema), Timeout: patience})
	for _, d := range []message.Draft{{User: "ann", Receiver: "bob", Text: "a"}, {User: "bob", Receiver: "ann", Text: "b"}, {User: "ann", Room: "r", Text: "c"}, {User: "eve", Receiver: "bob", Text: "d"}} {
		mustSave(t, s, d)
	}
	all, err := s.Latest(t.Context(), []message.Gap{{Receiver: "bob"}, {Sender: "ann"}, {Receiver: "ann"}}, 10, 1<<20)
	must(t, err)
	if got := fmt.Sprintf("%q", latestTexts(all)); got != `["a d" "a" "b"]` {
		t.Error(got)
	}
}

// A row of the app's, whose id tells no time, was told to be of 1970.
func TestAnIDThatTellsNoTimeIsNotOf1970(t *testing.T) {
	t.Parallel()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, url, `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT, "userId" TEXT, "roomId" TEXT); INSERT INTO "Message" VALUES ('zzz', 'old', 'u9', 'r1')`)
	all, err := open(t, Config{URL: url}).Latest(t.Context(), []message.Gap{{Room: "r1"}}, 1, 1<<20)
	must(t, err)
	if rows := all[0]; len(rows) != 1 || time.Since(rows[0].CreatedAt).Abs() > time.Hour {
		t.Errorf("got %+v", rows)
	}
}
