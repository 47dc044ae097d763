package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// relatedTables are Prisma's when the models declare relations.
const relatedTables = `
CREATE TABLE "User" ("id" TEXT NOT NULL, "username" TEXT NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Room" ("id" TEXT NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Room_pkey" PRIMARY KEY ("id"));
` + prismaPostgres + `;
ALTER TABLE "Message" ADD CONSTRAINT "Message_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Message" ADD CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId") REFERENCES "Room"("id") ON DELETE RESTRICT ON UPDATE CASCADE`

const relatedTablesSQLite = `
CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "username" TEXT NOT NULL);
CREATE TABLE "Room" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);
CREATE TABLE "Message" ("id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Message_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId") REFERENCES "Room" ("id") ON DELETE RESTRICT ON UPDATE CASCADE)`

func TestInspectTriesAnInsertWithIDsThatAreThereAndLeavesNothing(t *testing.T) {
	t.Parallel()
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	file := dbtest.SQLite(t, lite, relatedTablesSQLite)
	pg := dbtest.Postgres(t, relatedTables)
	fill := map[string]func(sql string){
		"postgres": func(sql string) { dbtest.Exec(t, pg, sql) },
		"sqlite": func(sql string) {
			_, err := file.Exec(sql)
			must(t, err)
		},
	}
	for name, url := range map[string]string{"postgres": pg, "sqlite": lite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fill[name](`INSERT INTO "User" VALUES ('ann', 'Ann')`)
			r, err := Inspect(t.Context(), Config{URL: url})
			must(t, err)
			if !strings.Contains(r.Trial.Skipped, `"Room"`) || r.LastText != "" {
				t.Errorf("without a room: %+v", r.Trial)
			}
			fill[name](`INSERT INTO "Room" VALUES ('lobby', 'Lobby')`)
			r, err = Inspect(t.Context(), Config{URL: url})
			must(t, err)
			if r.Trial != (Trial{Room: "lobby", User: "ann"}) {
				t.Errorf("trial %+v, want one that succeeds with what is there", r.Trial)
			}
			fill[name](`INSERT INTO "Message" ("id", "text", "userId", "roomId") VALUES ('m1', 'sealed', 'ann', 'lobby')`)
			r, err = Inspect(t.Context(), Config{URL: url})
			must(t, err)
			if r.Trial != (Trial{Room: "lobby", User: "ann"}) || r.LastText != "sealed" {
				t.Errorf("trial %+v, last text %q", r.Trial, r.LastText)
			}
			rows, err := open(t, Config{URL: url}).newest(t.Context(), 5)
			must(t, err)
			if len(rows) != 1 {
				t.Errorf("%d rows, want only the app's own: %v", len(rows), rows)
			}
		})
	}
}

func TestInspectTellsWhyARowWouldBeRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, says string }{
		"a check":            {prismaPostgres + `; ALTER TABLE "Message" ADD CONSTRAINT short CHECK (length(text) < 5)`, "23514 short"},
		"a column too short": {strings.Replace(prismaPostgres, `"text" TEXT`, `"text" VARCHAR(5)`, 1), "text takes 5 characters"},
		"a deferred key":     {prismaPostgres + `; CREATE TABLE "Room" (id TEXT PRIMARY KEY); INSERT INTO "Room" VALUES (''); ALTER TABLE "Message" ADD FOREIGN KEY (id) REFERENCES "Room" DEFERRABLE INITIALLY DEFERRED`, "23503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Inspect(t.Context(), Config{URL: dbtest.Postgres(t, c.schema)})
			must(t, err)
			if r.Trial.Err == nil || !strings.Contains(r.Trial.Err.Error(), c.says) {
				t.Errorf("trial %+v, want %q", r.Trial, c.says)
			}
		})
	}
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, `CREATE TABLE "Tag" (id TEXT PRIMARY KEY); INSERT INTO "Tag" VALUES ('');`+
		strings.Replace(prismaSQLite, `"text" TEXT NOT NULL`, `"text" TEXT NOT NULL REFERENCES "Tag" DEFERRABLE INITIALLY DEFERRED`, 1))
	if r, err := Inspect(t.Context(), Config{URL: lite}); err != nil || r.Trial.Err == nil || !strings.Contains(r.Trial.Err.Error(), "787") {
		t.Errorf("a deferred key of SQLite: trial %+v, %v", r.Trial, err)
	}
	if _, err := Inspect(t.Context(), Config{URL: dbtest.Postgres(t, "")}); err == nil || !strings.Contains(err.Error(), "MESSAGE_TABLE") {
		t.Errorf("no table: %v, want the error of a start", err)
	}
}

// A made-up id that an enum or a number can't hold says nothing about those that the app has.
func TestInspectMakesUpNoIDThatTheColumnCanNotHold(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"NUMERIC", "room"} {
		url := dbtest.Postgres(t, `CREATE TYPE room AS ENUM ('r1'); `+strings.Replace(prismaPostgres, `"roomId" TEXT`, `"roomId" `+kind, 1))
		r, err := Inspect(t.Context(), Config{URL: url})
		if err != nil || r.Trial.Err != nil || !strings.Contains(r.Trial.Skipped, `"roomId" (`+strings.ToLower(kind)+`)`) {
			t.Errorf("%s: trial %+v, %v, want one that was skipped", kind, r.Trial, err)
		}
	}
}

func TestInspectSaysWhoFillsEachColumn(t *testing.T) {
	t.Parallel()
	r, err := Inspect(t.Context(), Config{
		URL: dbtest.Postgres(t, `CREATE TYPE "MessageType" AS ENUM ('TEXT', 'IMAGE');
			CREATE TABLE messages (id UUID PRIMARY KEY, content VARCHAR(500) NOT NULL, sender_id INTEGER NOT NULL, room_id INTEGER NOT NULL,
			type "MessageType" NOT NULL, created_at TIMESTAMP(3) NOT NULL, updated_at TIMESTAMP(3) NOT NULL, read BOOLEAN NOT NULL DEFAULT false, image TEXT)`),
		Constants: map[string]string{"type": "TEXT"},
		Encrypt:   func(text, _, _ string) (string, error) { return text, nil },
	})
	must(t, err)
	want := []ColumnUse{
		{"id", "uuid", true, "the gateway, a uuid"},
		{"content", "character varying(500)", true, "the text, encrypted"},
		{"sender_id", "integer", true, "the sender's id"},
		{"room_id", "integer", true, "the room's id"},
		{"type", `"MessageType"`, true, `MESSAGE_CONSTANTS, "TEXT"`},
		{"created_at", "timestamp(3) without time zone", true, "the time of storing"},
		{"updated_at", "timestamp(3) without time zone", true, "the time of storing"},
		{"read", "boolean", true, "the database"},
		{"image", "text", false, "nobody, it stays NULL"},
	}
	for i := range max(len(want), len(r.Columns)) {
		if i >= len(want) || i >= len(r.Columns) || r.Columns[i] != want[i] {
			t.Fatalf("columns\n%v, want\n%v", r.Columns, want)
		}
	}
	if r.Trial.Err != nil || r.Trial.Room != "0" {
		t.Errorf("trial %+v", r.Trial)
	}
}

func TestInspectByARoleThatMayOnlyUseMessages(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, relatedTables+`; INSERT INTO "User" VALUES ('u1',''); INSERT INTO "Room" VALUES ('r1','');
	DO $$ BEGIN CREATE ROLE rev2_gateway LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
	GRANT SELECT, INSERT, DELETE ON "Message" TO rev2_gateway`)
	t.Cleanup(func() { dbtest.Exec(t, url, `DROP OWNED BY rev2_gateway; DROP ROLE rev2_gateway`) })
	as := strings.Replace(url, "postgres@", "rev2_gateway@", 1)
	s := open(t, Config{URL: as})
	mustSave(t, s, draft("r1", "x"))
	dbtest.Exec(t, url, `DELETE FROM "Message"`)
	r, err := Inspect(t.Context(), Config{URL: as})
	t.Logf("empty: %+v %v", r.Trial, err)
	if err != nil {
		t.Error(err)
	}
	mustSave(t, s, draft("r1", "x"))
	r, err = Inspect(t.Context(), Config{URL: as})
	t.Logf("row: %+v %v", r.Trial, err)
	if err != nil {
		t.Error(err)
	}
}

func TestInspectFindsIDsForKeysOfSeveralColumnsAndSkipsNull(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"null":    `; CREATE TABLE "Room" (id INT PRIMARY KEY, slug TEXT UNIQUE); INSERT INTO "Room" VALUES (1, NULL), (2, 'r1'); ALTER TABLE "Message" ADD FOREIGN KEY ("roomId") REFERENCES "Room"(slug)`,
		"several": `; CREATE TABLE "Member" (u TEXT, r TEXT, PRIMARY KEY (u, r)); INSERT INTO "Member" VALUES ('u1', 'r1'); ALTER TABLE "Message" ADD FOREIGN KEY ("userId", "roomId") REFERENCES "Member"(u, r)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Inspect(t.Context(), Config{URL: dbtest.Postgres(t, prismaPostgres+schema)})
			if err != nil || r.Trial.Err != nil || r.Trial.Room != "r1" {
				t.Errorf("trial %+v, %v", r.Trial, err)
			}
		})
	}
}
