package store

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// tablesOfRole are those that deploy/postgres/role.sql grants rights on, and one that it does not name.
const tablesOfRole = prismaPostgres + `;
CREATE TABLE "User" (id TEXT PRIMARY KEY, name TEXT, password TEXT);
CREATE TABLE "RoomMember" ("roomId" TEXT, "userId" TEXT REFERENCES "User"(id), PRIMARY KEY ("roomId", "userId"));
CREATE TABLE "Session" ("sessionToken" TEXT PRIMARY KEY, "userId" TEXT, expires TIMESTAMP(3));
CREATE TABLE "Invoice" (id TEXT);
INSERT INTO "User" VALUES ('u1', 'Ann', 'hash');
INSERT INTO "RoomMember" VALUES ('r1', 'u1');
ALTER TABLE "Message" ADD FOREIGN KEY ("userId") REFERENCES "User"(id)`

func TestTheRoleOfTheDocumentsCanDoWhatTheGatewayNeeds(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, tablesOfRole)
	s := open(t, Config{URL: dbtest.DocumentedRole(t, owner), AccessQuery: `SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND "userId" = $2`})
	mustSave(t, s, draft("r1", "hello"))
	for user, want := range map[string]bool{"u1": true, "u2": false} {
		if may, err := s.MayJoin(t.Context(), "r1", user); err != nil || may != want {
			t.Errorf("may %s join: %v, %v", user, may, err)
		}
	}
	ctx := t.Context()
	e, err := s.newEntry(draft("r1", "in doubt"), nil)
	must(t, err)
	batch := []*entry{e}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"insert", func() error { return s.table.insert(ctx, batch, true) }},
		{"look", func() error { return s.table.look(ctx, batch) }},
		{"remove", func() error { return s.table.remove(ctx, batch) }},
		{"revive", func() error { return s.table.revive(ctx) }},
	} {
		if err := step.do(); err != nil {
			t.Errorf("%s after a commit in doubt: %v", step.name, err)
		}
	}
}

func TestTheRoleOfTheDocumentsCanDoNothingElse(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, tablesOfRole)
	role := dbtest.DocumentedRole(t, owner)
	for _, statement := range []string{
		`UPDATE "Message" SET text = 'other'`,
		`TRUNCATE "Message"`,
		`SELECT password FROM "User"`,
		`SELECT * FROM "User"`,
		`UPDATE "User" SET name = 'other'`,
		`INSERT INTO "RoomMember" VALUES ('r2', 'u1')`,
		`DELETE FROM "Session"`,
		`SELECT * FROM "Invoice"`,
		`CREATE TABLE mine (id TEXT)`,
		`CREATE SCHEMA mine`,
		`ALTER TABLE "Message" ADD COLUMN mine TEXT`,
		`CREATE ROLE mine`,
	} {
		if err := dbtest.Try(t, role, statement); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
