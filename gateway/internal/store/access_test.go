package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

const members = `CREATE TABLE "Member" ("roomId" INTEGER, "userId" TEXT, banned BOOLEAN, level INTEGER); ` +
	`INSERT INTO "Member" VALUES (1, 'ann', false, 2), (2, 'ann', NULL, 0), (3, 'ann', true, NULL);`

func TestTheAccessQueryDecidesWhoMayJoin(t *testing.T) {
	t.Parallel()
	pg := dbtest.Postgres(t, prismaPostgres+"; "+members)
	lite := newSQLite(t)
	dbtest.SQLite(t, lite, members)
	for name, url := range map[string]string{"postgres": pg, "pgbouncer": pg + "?pgbouncer=true", "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				query, room, user string
				want              bool
			}{
				{"", "9", "ann", true},
				{`SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "1", "ann", true},
				{`SELECT 1 FROM "Member" WHERE "userId" = $2 AND "roomId" = $1`, "1", "bob", false},
				{`SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "1; DROP TABLE", "ann", false},
				{`SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "1", "' OR ''='", false},
				{`SELECT NOT banned FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "1", "ann", true},
				{`SELECT NOT banned FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "2", "ann", false}, // NULL
				{`SELECT NOT banned FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "3", "ann", false},
				{`SELECT level FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "1", "ann", true},
				{`SELECT level FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "2", "ann", false}, // 0
				{`SELECT count(*) FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`, "9", "ann", false},
			} {
				s := open(t, Config{URL: url, AccessQuery: c.query})
				if got, err := s.MayJoin(t.Context(), c.room, c.user); err != nil || got != c.want {
					t.Errorf("%s with %q and %q: %t, %v, want %t", c.query, c.room, c.user, got, err, c.want)
				}
			}
			for _, query := range []string{"SELECT FROM WHERE $1 $2", "SELECT 1", `SELECT 1 FROM "Nobody" WHERE "roomId" = $1 AND "userId" = $2`} {
				if s, err := Open(t.Context(), Config{URL: url, AccessQuery: query}); err == nil {
					shut(t, s)
					t.Errorf("%s: opened", query)
				} else if !strings.Contains(err.Error(), "ROOM_ACCESS_QUERY") {
					t.Errorf("%s: %v", query, err)
				}
			}
		})
	}
}

func TestAnAccessQueryThatMayNotBeAskedStopsTheStart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres+"; "+members)
	as := dbtest.AsRole(t, url, `GRANT ALL ON "Message"`)
	for _, mode := range []string{"", "?pgbouncer=true"} {
		if s, err := Open(t.Context(), Config{URL: as + mode, AccessQuery: `SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`}); err == nil {
			shut(t, s)
			t.Error("a store that lets nobody join was opened")
		} else if !strings.Contains(err.Error(), "ROOM_ACCESS_QUERY") || !strings.Contains(err.Error(), "42501") {
			t.Errorf("error %v", err)
		}
	}
}

func TestTheAccessQueryFindsTablesOfTheSchema(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE SCHEMA "Chat"; SET search_path = "Chat"; `+prismaPostgres+"; "+members)
	s := open(t, Config{URL: url + "?schema=Chat", AccessQuery: `SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`})
	if ok, err := s.MayJoin(t.Context(), "1", "ann"); err != nil || !ok {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestNobodyJoinsAGuardedRoomWhileTheQueryFails(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres+"; "+members)
	s := open(t, Config{URL: url, AccessQuery: `SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`})
	dbtest.Exec(t, url, `DROP TABLE "Member"`)
	if ok, err := s.MayJoin(t.Context(), "1", "ann"); ok || !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("%t, %v, want ErrUnavailable", ok, err)
	}
}

func TestTheAccessQueryHasADeadline(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	s := open(t, Config{URL: url, Timeout: 200 * time.Millisecond, AccessQuery: `SELECT true FROM pg_sleep(60) WHERE $1 <> $2`})
	began := time.Now()
	if ok, err := s.MayJoin(t.Context(), "1", "ann"); ok || !errors.Is(err, message.ErrUnavailable) || time.Since(began) > 5*time.Second {
		t.Errorf("%t, %v after %s", ok, err, time.Since(began))
	}
	mustSave(t, s, draft("r1", "commits don't wait for joins"))
}

// Prisma reads a relative file from the folder of its schema. Not parallel: it changes the folder.
func TestASQLiteFileIsFoundWherePrismaPutsIt(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, err := Open(t.Context(), Config{URL: "file:./dev.db"}); err == nil || !strings.Contains(err.Error(), filepath.Join("prisma", "dev.db")) {
		t.Errorf("without a file: %v", err)
	}
	must(t, os.Mkdir("prisma", 0o755))
	dbtest.SQLite(t, "file:./prisma/dev.db", prismaSQLite)
	mustSave(t, open(t, Config{URL: "file:./dev.db"}), draft("r1", "hello"))
	if _, err := os.Stat("dev.db"); err == nil {
		t.Error("another file was made")
	}
}

func TestMigrationShutsNobodyOutOfARoom(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres+`; CREATE TABLE member (r TEXT, u TEXT, may VARCHAR(20)); INSERT INTO member VALUES ('r1', 'ann', 'yes')`)
	s := open(t, Config{URL: url, AccessQuery: `SELECT may FROM member WHERE r = $1 AND u = $2`})
	if ok, err := s.MayJoin(t.Context(), "r1", "ann"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	dbtest.Exec(t, url, `ALTER TABLE member ALTER COLUMN may TYPE TEXT`)
	if ok, err := s.MayJoin(t.Context(), "r1", "ann"); !ok && err == nil {
		t.Error("a member is told no after a migration")
	}
}
