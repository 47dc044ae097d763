package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// migration is what the real Prisma makes of a model (see testdata/prisma/generate).
func migration(t testing.TB, name string) string {
	t.Helper()
	sql, err := os.ReadFile(filepath.Join("testdata", "prisma", name+".sql"))
	must(t, err)
	return string(sql)
}

// Each migration of Prisma's has relations: a message goes to a room that is there, beside one to a room that is not,
// and is what the app reads.
func TestMigrationsOfPrisma(t *testing.T) {
	t.Parallel()
	const other = "0198c0de-0000-4000-8000-00000000dead"
	for name, c := range map[string]struct {
		migration, seed     string
		config              Config
		url                 string // appended
		user, room, nowhere string
		id, ids             string
		number              bool   // of the room's id
		reads               string // text and room of the good rows
	}{
		"default": {
			migration: "default", ids: idsCUID, id: "cuid", user: "ann", room: "lobby", nowhere: "nowhere",
			seed:  `INSERT INTO "User" (id, username, password) VALUES ('ann', 'ann', ''); INSERT INTO "Room" (id, name) VALUES ('lobby', '')`,
			reads: `SELECT concat_ws('|', m.text, r.id) FROM "Message" m JOIN "User" u ON u.id = m."userId" JOIN "Room" r ON r.id = m."roomId"`,
		},
		"content, senderId, conversationId": {
			migration: "conversation", ids: idsCUID, id: "cuid", user: "ann", room: "lobby", nowhere: "nowhere",
			seed:  `INSERT INTO "User" (id, email) VALUES ('ann', 'ann@example.com'); INSERT INTO "Conversation" (id, "updatedAt") VALUES ('lobby', now())`,
			reads: `SELECT concat_ws('|', content, "conversationId") FROM "Message" WHERE "senderId" = 'ann' AND "updatedAt" = "createdAt" AND NOT "isRead" AND "imageUrl" IS NULL`,
		},
		"message, authorId, chatId; autoincrement": {
			migration: "autoincrement", ids: idsDatabase, id: "number", user: "1", room: "1", nowhere: "2", number: true,
			seed:  `INSERT INTO "User" (username) VALUES ('ann'); INSERT INTO "Chat" (title) VALUES ('')`,
			reads: `SELECT concat_ws('|', message, "chatId") FROM "Message" WHERE "authorId" = 1`,
		},
		"snake case by @@map": {
			migration: "mapped", ids: idsDatabase, id: "digits", user: "ann", room: "1", nowhere: "2",
			seed:  `INSERT INTO users VALUES ('ann', 'ann'); INSERT INTO channels (name) VALUES ('')`,
			reads: `SELECT concat_ws('|', body, channel_id) FROM messages WHERE author_id = 'ann' AND updated_at = created_at AND edited_at IS NULL`,
		},
		"uuid": {
			migration: "uuid", ids: idsUUID, id: "uuid", user: aUUID, room: aUUID, nowhere: other,
			seed:  `INSERT INTO "User" VALUES ('` + aUUID + `', 'ann'); INSERT INTO "Room" VALUES ('` + aUUID + `', '')`,
			reads: `SELECT concat_ws('|', text, "roomId") FROM "Message" WHERE "userId" = '` + aUUID + `'`,
		},
		"uuid by the database": {
			migration: "uuid_default", ids: idsDatabase, id: "uuid", user: aUUID, room: aUUID, nowhere: other,
			seed:  `INSERT INTO "User" VALUES ('` + aUUID + `', 'ann'); INSERT INTO "Room" VALUES ('` + aUUID + `', '')`,
			reads: `SELECT concat_ws('|', text, "roomId") FROM "Message" WHERE "userId" = '` + aUUID + `'`,
		},
		"an enum filled by MESSAGE_CONSTANTS": {
			migration: "enum", ids: idsCUID, id: "cuid", user: "ann", room: "lobby", nowhere: "nowhere",
			config: Config{Constants: map[string]string{"type": "TEXT"}},
			seed:   `INSERT INTO "User" VALUES ('ann', 'ann'); INSERT INTO "Room" VALUES ('lobby', '')`,
			reads:  `SELECT concat_ws('|', text, "roomId") FROM "Message" WHERE type = 'TEXT' AND status = 'SENT'`,
		},
		"another schema, by the URL": {
			migration: "schemas", ids: idsCUID, id: "cuid", user: "ann", room: "lobby", nowhere: "nowhere", url: "?schema=chat",
			seed:  `INSERT INTO auth."User" VALUES ('ann', 'ann'); INSERT INTO chat."Room" VALUES ('lobby', '')`,
			reads: `SELECT concat_ws('|', text, "roomId") FROM chat."Message"`,
		},
		"another schema, by MESSAGE_TABLE": {
			migration: "schemas", ids: idsCUID, id: "cuid", user: "ann", room: "lobby", nowhere: "nowhere",
			config: Config{Table: "chat.Message"},
			seed:   `INSERT INTO auth."User" VALUES ('ann', 'ann'); INSERT INTO chat."Room" VALUES ('lobby', '')`,
			reads:  `SELECT concat_ws('|', text, "roomId") FROM chat."Message"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, migration(t, c.migration)+"; "+c.seed)
			c.config.URL = url + c.url
			s := open(t, c.config)
			if s.Mapping().IDs != c.ids {
				t.Errorf("ids made by %s, want %s", s.Mapping().IDs, c.ids)
			}
			stored := sendBesideABadOne(t, s, c.user, c.room, c.nowhere)
			if got := shapeOf(t, stored.ID); got != c.id {
				t.Errorf("id %s is a %s, want %s", stored.ID, got, c.id)
			}
			if got := shapeOf(t, stored.Room); (got == "number") != c.number {
				t.Errorf("room %s is a %s", stored.Room, got)
			}
			if got := strings.Join(dbtest.Column(t, url, c.reads), ", "); got != "first|"+c.room+", good|"+c.room {
				t.Errorf("the app reads %q", got)
			}
		})
	}
}

func TestMigrationsOfPrismaForSQLite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ seed, user, room, nowhere, id string }{
		"default": {
			`INSERT INTO "User" (id, username, password) VALUES ('ann', 'ann', ''); INSERT INTO "Room" (id, name) VALUES ('lobby', '')`,
			"ann", "lobby", "nowhere", "cuid",
		},
		"autoincrement": {`INSERT INTO "User" (username) VALUES ('ann'); INSERT INTO "Chat" (title) VALUES ('')`, "1", "1", "2", "number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "file:" + filepath.Join(t.TempDir(), "dev.db")
			dbtest.SQLite(t, url, migration(t, name+".sqlite")+"; "+c.seed)
			s := open(t, Config{URL: url})
			stored := sendBesideABadOne(t, s, c.user, c.room, c.nowhere)
			if got := shapeOf(t, stored.ID); got != c.id {
				t.Errorf("id %s is a %s, want %s", stored.ID, got, c.id)
			}
			rows, err := s.newest(t.Context(), 5)
			must(t, err)
			if len(rows) != 2 || rows[0].text != "good" || rows[0].room != c.room || rows[0].user != c.user {
				t.Errorf("rows %v", rows)
			}
		})
	}
}

// sendBesideABadOne stores two messages, the second in one batch with a message to nowhere, and gives the second.
func sendBesideABadOne(t *testing.T, s *Store, user, room, nowhere string) (stored message.Stored) {
	t.Helper()
	g := hold(s)
	first := answerOf(s, message.Draft{Room: room, User: user, Text: "first"})
	<-g.held
	bad := answerOf(s, message.Draft{Room: nowhere, User: user, Text: "bad"})
	good := make(chan error, 2)
	s.Save(message.Draft{Room: room, User: user, Text: "good"}, func(row message.Stored, err error) { stored = row; good <- err })
	close(g.release)
	must(t, <-first)
	if err := <-bad; !errors.Is(err, message.ErrRejected) {
		t.Errorf("to a room that does not exist: %v, want ErrRejected", err)
	}
	must(t, <-good)
	if n := g.inserts.Load(); n != 3 {
		t.Errorf("%d inserts, want the first, the refused one and that of the good row", n)
	}
	must(t, s.Ready(t.Context()))
	return stored
}

// The error names the column and the variable; the tables of a schema that nobody looked at are not it.
func TestAnEnumNobodyFillsStopsTheStart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, migration(t, "enum"))
	_, err := Open(t.Context(), Config{URL: url})
	if err == nil {
		t.Fatal("started")
	}
	for _, word := range []string{`"type" ("MessageType")`, "NOT NULL", "MESSAGE_CONSTANTS=type="} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error does not say %s: %v", word, err)
		}
	}
	_, err = Open(t.Context(), Config{URL: url, Constants: map[string]string{"type": "VIDEO"}})
	if err == nil || !strings.Contains(err.Error(), "22P02") || !strings.Contains(err.Error(), "VIDEO") {
		t.Errorf("with a value that the enum does not have: %v", err)
	}
}

func TestATableInASchemaThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Config{URL: dbtest.Postgres(t, migration(t, "schemas")), Table: "chats.Message"})
	if err == nil || !strings.Contains(err.Error(), `schema "chats"`) || !strings.Contains(err.Error(), "MESSAGE_TABLE") {
		t.Errorf("error %v", err)
	}
}
