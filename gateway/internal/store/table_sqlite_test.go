package store

import (
	"path/filepath"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

func TestSQLiteTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema, id string
		query      string // must find the one new row
	}{
		"times are numbers where they were": {
			schema: prismaSQLite + `; INSERT INTO "Message" VALUES ('` + aUUID + `', '', '', '', 1767225600000)`,
			query:  `SELECT count(*) FROM "Message" WHERE text = 'hello' AND typeof("createdAt") = 'integer' AND "createdAt" > 1767225600000`,
			id:     "uuid",
		},
		"times are numbers where the app's others are": {
			schema: prismaSQLite + `; CREATE TABLE "Empty" (at DATETIME); CREATE TABLE "User" ("createdAt" DATETIME); INSERT INTO "User" VALUES (1767225600000)`,
			query:  `SELECT count(*) FROM "Message" WHERE typeof("createdAt") = 'integer'`,
			id:     "cuid",
		},
		"times of Prisma's own tables don't count": {
			schema: prismaSQLite + `; CREATE TABLE "_prisma_migrations" ("started_at" DATETIME); INSERT INTO "_prisma_migrations" VALUES (1767225600000)`,
			query:  `SELECT count(*) FROM "Message" WHERE typeof("createdAt") = 'text'`,
			id:     "cuid",
		},
		"times are text where there is none": {
			schema: prismaSQLite,
			query:  `SELECT count(*) FROM "Message" WHERE "createdAt" LIKE '____-__-__T__:__:__.___+00:00'`,
			id:     "cuid",
		},
		"times are seconds where they were": {
			schema: `CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, created_at DATETIME NOT NULL DEFAULT (unixepoch()),
				updated_at TIMESTAMP); INSERT INTO messages (content) VALUES ('old')`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND typeof(created_at) = 'integer' AND created_at BETWEEN unixepoch() - 60 AND unixepoch() + 1 AND updated_at = created_at`,
			id:    "number",
		},
		"times sort among those of CURRENT_TIMESTAMP where they were": {
			schema: `CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
				INSERT INTO messages (content) VALUES ('old')`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND created_at = strftime('%Y-%m-%d %H:%M:%f', created_at) AND created_at >= datetime('now', '-60 seconds')`,
			id:    "number",
		},
		"times have a fraction where they had": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, inserted_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f')));
				INSERT INTO messages (id, content) VALUES ('a', 'old')`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND inserted_at = strftime('%Y-%m-%d %H:%M:%f', inserted_at)`,
			id:    "cuid",
		},
		"times of Drizzle are seconds in an integer where they were": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
				INSERT INTO messages VALUES ('a', 'old', 1, 1, 1767225600, 1767225600000)`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND created_at BETWEEN unixepoch() - 60 AND unixepoch() + 1 AND updated_at / 1000 = created_at`,
			id:    "cuid",
		},
		"times are texts of JavaScript's where they were": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, timestamp TEXT);
				INSERT INTO messages VALUES ('a', 'old', 1, 1, '2026-01-01T00:00:00.000Z')`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND timestamp = strftime('%Y-%m-%dT%H:%M:%fZ', timestamp) AND timestamp > '2026-01-01'`,
			id:    "cuid",
		},
		"integers that are no times stay the app's": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, sender_id INTEGER, chat_id INTEGER, created INTEGER, timestamp TEXT);
				INSERT INTO messages VALUES ('a', 'old', 1, 1, 1, 'yesterday')`,
			query: `SELECT count(*) FROM messages WHERE content = 'hello' AND created IS NULL AND timestamp IS NULL`,
			id:    "cuid",
		},
		"a table without rowids": {
			schema: prismaSQLite + ` WITHOUT ROWID; INSERT INTO "Message" VALUES ('` + aUUID + `', '', '', '', 1767225600000)`,
			query:  `SELECT count(*) FROM "Message" WHERE text = 'hello' AND typeof("createdAt") = 'integer'`,
			id:     "uuid",
		},
		"a strict table": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, sender_id INTEGER NOT NULL, chat_id INT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, x ANY) STRICT`,
			query:  `SELECT count(*) FROM messages WHERE content = 'hello' AND sender_id = 7 AND chat_id = 8`,
			id:     "cuid",
		},
		"autoincrement": {
			schema: `CREATE TABLE "Message" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL, "senderId" INTEGER, "chatId" INTEGER, "createdAt" DATETIME, "updatedAt" DATETIME NOT NULL)`,
			query:  `SELECT count(*) FROM "Message" WHERE id = 1 AND content = 'hello' AND "senderId" = 7 AND typeof("chatId") = 'integer' AND "updatedAt" = "createdAt"`,
			id:     "number",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "file:" + filepath.Join(t.TempDir(), "test.db")
			db := dbtest.SQLite(t, url, c.schema)
			s := open(t, Config{URL: url})
			stored := mustSave(t, s, message.Draft{Room: "8", User: "7", Text: "hello"})
			if got := shapeOf(t, stored.ID); got != c.id {
				t.Errorf("id %s is a %s, want %s", stored.ID, got, c.id)
			}
			var n int
			must(t, db.QueryRow(c.query).Scan(&n))
			if n != 1 {
				rows, _ := s.newest(t.Context(), 5)
				t.Errorf("%s finds %d rows in %v", c.query, n, rows)
			}
		})
	}
}

func TestSQLiteSyncsEachCommit(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: newSQLite(t)})
	var journal string
	var synchronous int
	db := s.table.(*sqliteTable).writer
	must(t, db.QueryRow("PRAGMA journal_mode").Scan(&journal))
	must(t, db.QueryRow("PRAGMA synchronous").Scan(&synchronous))
	if journal != "wal" || synchronous != 2 {
		t.Errorf("journal_mode %s, synchronous %d, want wal and 2 (FULL)", journal, synchronous)
	}
}
