package store

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

// membershipTables are those of an app whose messages have a member of the room for their sender.
const membershipTables = `
CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY);
CREATE TABLE "Room" ("id" TEXT NOT NULL PRIMARY KEY);
CREATE TABLE "RoomMember" ("id" TEXT NOT NULL PRIMARY KEY, "roomId" TEXT NOT NULL REFERENCES "Room" ("id"), "userId" TEXT NOT NULL REFERENCES "User" ("id"));
CREATE TABLE "Message" ("id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "senderId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    CONSTRAINT "Message_senderId_fkey" FOREIGN KEY ("senderId") REFERENCES "RoomMember" ("id"),
    CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId") REFERENCES "Room" ("id"));
INSERT INTO "User" VALUES ('ann'); INSERT INTO "Room" VALUES ('attic'), ('lobby'); INSERT INTO "RoomMember" VALUES ('m1', 'lobby', 'ann');
INSERT INTO "Message" VALUES ('x1', 'hello', 'm1', 'attic')`

// onTables runs a test on a database of each kind with these tables.
func onTables(t *testing.T, tables string, test func(t *testing.T, url string)) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, dbtest.Postgres(t, tables))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		url := "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, url, tables)
		test(t, url)
	})
}

func TestATrialNamesTheSenderColumnThatRefersToMemberships(t *testing.T) {
	t.Parallel()
	onTables(t, membershipTables, func(t *testing.T, url string) {
		for _, user := range []string{"ann", ""} {
			r, err := InspectAs(t.Context(), Config{URL: url}, user)
			must(t, err)
			b := r.Trial.Blame
			if r.Trial.Err == nil || r.Trial.User != "ann" || b.Column != "senderId" || !strings.Contains(b.RefersTo, `"RoomMember"("id")`) || b.Constraint == "" {
				t.Errorf("as %q: %+v", user, r.Trial)
			}
			if (r.Trial.Guessed != "") != (user == "") {
				t.Errorf("as %q: guessed %q", user, r.Trial.Guessed)
			}
		}
		r, err := InspectAs(t.Context(), Config{URL: url}, "m1")
		must(t, err)
		if r.Trial.Err != nil {
			t.Errorf("a token with the member's id: %+v", r.Trial)
		}
	})
}

func TestATrialIsMadeInARoomThatTheUserMayJoin(t *testing.T) {
	t.Parallel()
	tables := strings.ReplaceAll(membershipTables, `REFERENCES "RoomMember" ("id")`, `REFERENCES "User" ("id")`)
	tables = strings.ReplaceAll(tables, `'hello', 'm1'`, `'hello', 'ann'`)
	query := `SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND "userId" = $2`
	onTables(t, tables+`; INSERT INTO "User" VALUES ('bob')`, func(t *testing.T, url string) {
		r, err := InspectAs(t.Context(), Config{URL: url, AccessQuery: query}, "ann")
		must(t, err)
		if r.Trial != (Trial{Room: "lobby", User: "ann"}) {
			t.Errorf("ann: %+v", r.Trial)
		}
		r, err = InspectAs(t.Context(), Config{URL: url, AccessQuery: query}, "bob")
		must(t, err)
		if r.Trial.Barred != 2 || r.Trial.Err != nil {
			t.Errorf("bob: %+v, want one that is barred from both rooms", r.Trial)
		}
	})
}

func TestATrialNamesAColumnOfIntegersBesideATokenWithAUUID(t *testing.T) {
	t.Parallel()
	onTables(t, `CREATE TABLE "Message" (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, "senderId" INTEGER NOT NULL, "roomId" TEXT NOT NULL);
		INSERT INTO "Message" VALUES ('m1', 'hello', 7, 'lobby')`, func(t *testing.T, url string) {
		r, err := InspectAs(t.Context(), Config{URL: url}, "3e9c1f63-0c52-4a9d-9a52-2f1c9a2f0a11")
		must(t, err)
		if r.Trial.Err == nil || r.Trial.Blame.Column != "senderId" || !strings.EqualFold(r.Trial.Blame.Type, "integer") {
			t.Errorf("trial %+v", r.Trial)
		}
	})
}

func TestRefusedMessagesAreInTheLogOncePerReasonWithColumnAndConstraint(t *testing.T) {
	t.Parallel()
	onTables(t, strings.Replace(membershipTables, `"senderId" TEXT NOT NULL, "roomId"`, `"senderId" VARCHAR(20) NOT NULL, "roomId"`, 1), func(t *testing.T, url string) {
		var log logtest.Log
		s := open(t, Config{URL: url, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 3 {
			d := draft("lobby", "hush")
			d.User = "nobody-secret"
			if _, err := save(t, s, d); err == nil {
				t.Fatal("stored")
			}
			d.User = "a\x00secret"
			if _, err := save(t, s, d); err == nil {
				t.Fatal("stored")
			}
		}
		said := log.String()
		if n := strings.Count(said, "messages are refused"); n != 2 {
			t.Errorf("%d lines, want 2:\n%s", n, said)
		}
		wants := []string{"senderId", "RoomMember", "Message_senderId_fkey", "takes UTF-8", "MESSAGE_USER_COLUMN"}
		if s.mapping.Schema == "" {
			wants = []string{"one of the columns", "senderId", "roomId", "FOREIGN KEY", "takes UTF-8", "MESSAGE_USER_COLUMN"}
		}
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("no %s in\n%s", want, said)
			}
		}
		if strings.Contains(said, "secret") || strings.Contains(said, "hush") {
			t.Errorf("a value is in the log:\n%s", said)
		}
	})
}
