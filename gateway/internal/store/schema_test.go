package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

const aUUID = "0198c0de-0000-4000-8000-0123456789ab"

// A schema as an app has it, a message, and what the answer must look like as JSON: "cuid", "number", "digits", "uuid".
func TestSchemasOfRealApps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema, query string // query reads text, user and room of the one row
		config        Config
		url           string // appended
		user, room    string
		id, ref       string
		ids           string
	}{
		"prisma default": {schema: prismaPostgres, ids: idsCUID, id: "cuid"},
		"content, senderId, conversationId": {
			schema: `CREATE TABLE "Message" (id TEXT PRIMARY KEY, content TEXT NOT NULL, "senderId" TEXT NOT NULL, "conversationId" TEXT NOT NULL,
				"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(), "imageUrl" TEXT, "isRead" BOOLEAN NOT NULL DEFAULT false)`,
			query: `SELECT concat_ws('|', content, "senderId", "conversationId") FROM "Message"`, ids: idsCUID, id: "cuid",
		},
		"snake case, @@map": {
			schema: `CREATE TABLE messages (id TEXT PRIMARY KEY, body VARCHAR(500) NOT NULL, author_id TEXT NOT NULL, channel_id TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL);
				DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database()); END $$`,
			query: `SELECT concat_ws('|', body, author_id, channel_id) FROM messages WHERE created_at = updated_at AND created_at BETWEEN now() - interval '1 minute' AND now() + interval '1 second'`,
			ids:   idsCUID, id: "cuid",
		},
		"autoincrement": {
			schema: `CREATE TABLE "Message" (id SERIAL PRIMARY KEY, text TEXT NOT NULL, "userId" INTEGER NOT NULL, "roomId" BIGINT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now())`,
			user:   "7", room: "9007199254740993", ids: idsDatabase, id: "number", ref: `7 "9007199254740993"`,
		},
		"identity": {
			schema: `CREATE TABLE "Message" (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL)`,
			ids:    idsDatabase, id: "digits",
		},
		"uuid without default": {
			schema: `CREATE TABLE "Message" (id UUID PRIMARY KEY, text TEXT NOT NULL, "userId" UUID NOT NULL, "roomId" UUID NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL)`,
			user:   aUUID, room: aUUID, ids: idsUUID, id: "uuid",
		},
		"uuid with default": {
			schema: `CREATE TABLE "Message" (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL)`,
			ids:    idsDatabase, id: "uuid",
		},
		"text ids that are uuids so far": {
			schema: prismaPostgres + `; INSERT INTO "Message" VALUES ('` + aUUID + `', '', '', '')`,
			query:  `SELECT concat_ws('|', text, "userId", "roomId") FROM "Message" WHERE text <> ''`,
			ids:    idsUUID, id: "uuid",
		},
		"MESSAGE_ID says uuid": {schema: prismaPostgres, config: Config{IDKind: idsUUID}, ids: idsUUID, id: "uuid"},
		"updatedAt NOT NULL": {
			schema: strings.Replace(prismaPostgres, "CONSTRAINT", `"updatedAt" TIMESTAMP(3) NOT NULL, CONSTRAINT`, 1),
			query:  `SELECT concat_ws('|', text, "userId", "roomId") FROM "Message" WHERE "updatedAt" = "createdAt"`,
			ids:    idsCUID, id: "cuid",
		},
		"an enum filled by MESSAGE_CONSTANTS": {
			schema: `CREATE TYPE "Kind" AS ENUM ('TEXT', 'IMAGE'); ` + strings.Replace(prismaPostgres, "CONSTRAINT", `kind "Kind" NOT NULL, CONSTRAINT`, 1),
			config: Config{Constants: map[string]string{"kind": "TEXT"}},
			query:  `SELECT concat_ws('|', text, "userId", "roomId") FROM "Message" WHERE kind = 'TEXT'`,
			ids:    idsCUID, id: "cuid",
		},
		"another schema": {
			schema: `CREATE SCHEMA "Chat"; SET search_path = "Chat"; ` + prismaPostgres,
			url:    "?schema=Chat",
			query:  `SELECT concat_ws('|', text, "userId", "roomId") FROM "Chat"."Message"`,
			ids:    idsCUID, id: "cuid",
		},
		"another schema, through a pooler": { // which refuses search_path
			schema: `CREATE SCHEMA "Chat"; SET search_path = "Chat"; ` + prismaPostgres,
			url:    "?schema=Chat&pgbouncer=true",
			query:  `SELECT concat_ws('|', text, "userId", "roomId") FROM "Chat"."Message"`,
			ids:    idsCUID, id: "cuid",
		},
		"no named statements": {schema: prismaPostgres, url: "?pgbouncer=true&connection_limit=1", ids: idsCUID, id: "cuid"},
		"no named statements, ids from the database": {
			schema: `CREATE TABLE "Message" (id SERIAL PRIMARY KEY, text TEXT NOT NULL, "userId" INTEGER NOT NULL, "roomId" UUID NOT NULL)`,
			url:    "?pgbouncer=true", user: "7", room: aUUID, ids: idsDatabase, id: "number",
			query: `SELECT concat_ws('|', text, "userId", "roomId") FROM "Message"`,
		},
		"named by hand": {
			schema: `CREATE TABLE "Chat ""log""" (nr TEXT PRIMARY KEY, "what said" TEXT NOT NULL, who TEXT, "where" TEXT)`,
			config: Config{Table: `Chat "log"`, TextColumn: "what said", UserColumn: "who", RoomColumn: "where"},
			query:  `SELECT concat_ws('|', "what said", who, "where") FROM "Chat ""log"""`,
			ids:    idsCUID, id: "cuid",
		},
		"the column that must be filled is meant": {
			schema: strings.Replace(prismaPostgres, "CONSTRAINT", `"channelId" TEXT, CONSTRAINT`, 1), ids: idsCUID, id: "cuid",
		},
		"domains over others": {
			schema: `CREATE DOMAIN short AS TEXT; CREATE DOMAIN name AS short NOT NULL; CREATE DOMAIN moment AS TIMESTAMP(3); CREATE DOMAIN past AS moment;
				CREATE TABLE "Message" (id public.name PRIMARY KEY, text public.name, "userId" public.name, "roomId" public.name, "createdAt" past NOT NULL)`,
			ids: idsCUID, id: "cuid",
		},
		"a column called message that holds no text": {
			schema: `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text JSONB, message TEXT, "userId" TEXT, "roomId" TEXT)`,
			query:  `SELECT concat_ws('|', message, "userId", "roomId") FROM "Message"`,
			ids:    idsCUID, id: "cuid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.Postgres(t, c.schema)
			c.config.URL = url + c.url
			s := open(t, c.config)
			if c.user == "" {
				c.user = "u1"
			}
			if c.room == "" {
				c.room = "room 'one'"
			}
			if c.query == "" {
				c.query = `SELECT concat_ws('|', text, "userId", "roomId") FROM "Message"`
			}
			stored := mustSave(t, s, message.Draft{Room: c.room, User: c.user, Text: "it's"})
			if got := dbtest.Column(t, url, c.query); len(got) != 1 || got[0] != "it's|"+c.user+"|"+c.room {
				t.Errorf("row %q", got)
			}
			if s.Mapping().IDs != c.ids {
				t.Errorf("ids made by %s, want %s", s.Mapping().IDs, c.ids)
			}
			if got := shapeOf(t, stored.ID); got != c.id {
				t.Errorf("id %s is a %s, want %s", stored.ID, got, c.id)
			}
			if told := string(stored.User) + " " + string(stored.Room); c.ref != "" && told != c.ref {
				t.Errorf("user and room %s, want %s", told, c.ref)
			}
			must(t, s.Ready(t.Context()))
		})
	}
}

func shapeOf(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v any
	must(t, json.Unmarshal(raw, &v))
	switch v := v.(type) {
	case float64:
		return "number"
	case string:
		if uuidShape.MatchString(v) {
			return "uuid"
		}
		if _, err := strconv.ParseInt(v, 10, 64); err == nil {
			return "digits"
		}
		if len(v) == 25 && v[0] == 'c' {
			return "cuid"
		}
	}
	return "stranger"
}

func TestIDsFromTheDatabaseFollowTheOrderOfSaves(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE "Message" (id SERIAL PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL)`)
	s := open(t, Config{URL: url})
	const many = 500
	var answered sync.WaitGroup
	answered.Add(many)
	for i := range many {
		s.Save(draft("r1", fmt.Sprint(i)), func(stored message.Stored, err error) {
			defer answered.Done()
			if err != nil || string(stored.ID) != fmt.Sprint(i+1) {
				t.Errorf("message %d has id %s, %v", i, stored.ID, err)
			}
		})
	}
	answered.Wait()
	for i, text := range dbtest.Column(t, url, `SELECT text FROM "Message" ORDER BY id`) {
		if text != fmt.Sprint(i) {
			t.Fatalf("row %d holds %q", i+1, text)
		}
	}
}

// Each start stops with an error that says what to do.
func TestASchemaThatDoesNotFitStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schema string
		config Config
		says   []string
	}{
		"no table":              {`CREATE TABLE "User" (id TEXT)`, Config{}, []string{"MESSAGE_TABLE", "Message", `"public"`, "only User"}},
		"no tables at all":      {"", Config{}, []string{"MESSAGE_TABLE", "no tables"}},
		"a table named wrongly": {prismaPostgres, Config{Table: "Nachricht"}, []string{"MESSAGE_TABLE", "Nachricht", "only Message"}},
		"two tables":            {prismaPostgres + "; CREATE TABLE chat_messages AS TABLE \"Message\"; ALTER TABLE chat_messages ADD PRIMARY KEY (id)", Config{}, []string{"MESSAGE_TABLE", "Message, chat_messages"}},
		"no room":               {`CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT, "userId" TEXT, place TEXT)`, Config{}, []string{"MESSAGE_ROOM_COLUMN", "roomId", "place", "MESSAGE_RECEIVER_COLUMN", "receiverId"}},
		"two senders":           {strings.Replace(prismaPostgres, "CONSTRAINT", `"authorId" TEXT NOT NULL, CONSTRAINT`, 1), Config{}, []string{"MESSAGE_USER_COLUMN", "userId", "authorId"}},
		"text can't hold text":  {`CREATE TABLE "Message" (id TEXT PRIMARY KEY, text BYTEA, "userId" TEXT, "roomId" TEXT)`, Config{}, []string{"MESSAGE_TEXT_COLUMN"}},
		"a text of JSON":        {`CREATE TABLE "Message" (id TEXT PRIMARY KEY, content JSONB NOT NULL, "userId" TEXT, "roomId" TEXT)`, Config{}, []string{`"content" is jsonb`, "MESSAGE_TEXT_COLUMN"}},
		"times as numbers":      {strings.Replace(prismaPostgres, "TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP", "BIGINT NOT NULL", 1), Config{}, []string{`"createdAt" (bigint)`, "default", "DATABASE_URL=none"}},
		"no room for ids":       {strings.Replace(prismaPostgres, `"id" TEXT`, `"id" VARCHAR(21)`, 1), Config{}, []string{`"id"`, "room for 21 characters", "default"}},
		"no room for uuids":     {strings.Replace(prismaPostgres, `"id" TEXT`, `"id" VARCHAR(30)`, 1), Config{IDKind: idsUUID}, []string{"MESSAGE_ID=uuid", `"id"`}},
		"a key with a time":     {strings.Replace(prismaPostgres, `KEY ("id")`, `KEY ("id", "createdAt")`, 1) + ` PARTITION BY RANGE ("createdAt")`, Config{}, []string{"UNIQUE INDEX", "partitioned", "DATABASE_URL=none"}},
		"a column nobody fills": {strings.Replace(prismaPostgres, "CONSTRAINT", `"type" TEXT NOT NULL, CONSTRAINT`, 1), Config{}, []string{`"type"`, "NOT NULL", "MESSAGE_CONSTANTS=type="}},
		"a constant for nobody": {prismaPostgres, Config{Constants: map[string]string{"kind": "x"}}, []string{"MESSAGE_CONSTANTS", `"kind"`}},
		"a constant for text":   {prismaPostgres, Config{Constants: map[string]string{"text": "x"}}, []string{"MESSAGE_CONSTANTS", `"text"`}},
		"integer ids of nobody": {`CREATE TABLE "Message" (id INTEGER PRIMARY KEY, text TEXT, "userId" TEXT, "roomId" TEXT)`, Config{}, []string{`"id"`, "default"}},
		"cuids in a uuid":       {`CREATE TABLE "Message" (id UUID PRIMARY KEY, text TEXT, "userId" TEXT, "roomId" TEXT)`, Config{IDKind: idsCUID}, []string{"MESSAGE_ID=cuid", "uuid"}},
		"an unknown id kind":    {prismaPostgres, Config{IDKind: "nanoid"}, []string{"MESSAGE_ID", "nanoid", "cuid"}},
		"no key":                {`CREATE TABLE "Message" (id TEXT, text TEXT, "userId" TEXT, "roomId" TEXT)`, Config{}, []string{"primary key", "UNIQUE INDEX", "MESSAGE_TABLE"}},
		"a computed text":       {`CREATE TABLE "Message" (id TEXT PRIMARY KEY, raw TEXT, shown TEXT GENERATED ALWAYS AS (raw) STORED, "userId" TEXT, "roomId" TEXT)`, Config{TextColumn: "shown"}, []string{"MESSAGE_TEXT_COLUMN", `"shown"`}},
		"a computed constant":   {strings.Replace(prismaPostgres, "CONSTRAINT", `loud TEXT GENERATED ALWAYS AS (upper(text)) STORED, CONSTRAINT`, 1), Config{Constants: map[string]string{"loud": "x"}}, []string{"MESSAGE_CONSTANTS", `"loud"`}},
		"one column for two":    {prismaPostgres, Config{UserColumn: "roomId"}, []string{"MESSAGE_USER_COLUMN", `sender "roomId"`}},
		"a domain over one":     {`CREATE DOMAIN filled AS TEXT NOT NULL; CREATE DOMAIN kind AS filled; ` + strings.Replace(prismaPostgres, "CONSTRAINT", `kind kind, CONSTRAINT`, 1), Config{}, []string{`"kind"`, "MESSAGE_CONSTANTS=kind="}},
		"a domain of NOT NULL":  {`CREATE DOMAIN kind AS TEXT NOT NULL; ` + strings.Replace(prismaPostgres, "CONSTRAINT", `kind kind, CONSTRAINT`, 1), Config{}, []string{`"kind"`, "MESSAGE_CONSTANTS=kind="}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config.URL = dbtest.Postgres(t, c.schema)
			s, err := Open(t.Context(), c.config)
			if err == nil {
				shut(t, s)
				t.Fatalf("started with %s", s.Mapping())
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error does not say %s: %v", word, err)
				}
			}
		})
	}
}

// A constant would send every message to one receiver.
func TestAForeignKeyThatNobodyFillsIsLeftToTheApp(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE "User" (id TEXT PRIMARY KEY); CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL,
		"userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, kind TEXT NOT NULL, "receiverId" TEXT NOT NULL REFERENCES "User" (id))`
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, tables)
	for _, url := range []string{dbtest.Postgres(t, tables), lite} {
		_, err := Open(t.Context(), Config{URL: url})
		if err == nil {
			t.Fatal("started")
		}
		if text := err.Error(); !strings.Contains(text, `"receiverId" (`) || !strings.Contains(text, `table "User"`) ||
			!strings.Contains(text, "DATABASE_URL=none") || strings.Contains(text, "MESSAGE_CONSTANTS") {
			t.Errorf("error %v", err)
		}
		shut(t, open(t, Config{URL: url, Constants: map[string]string{"kind": "x", "receiverId": "x"}}))
	}
}

func TestATableInAnotherSchemaIsNamed(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE SCHEMA chat; SET search_path = chat; `+prismaPostgres+`; CREATE TABLE "DM" AS TABLE "Message"; ALTER TABLE "DM" ADD PRIMARY KEY (id)`)
	for _, table := range []string{"", "DM"} {
		_, err := Open(t.Context(), Config{URL: url, Table: table})
		want := "set MESSAGE_TABLE=chat." + cmp.Or(table, "Message") + ", or let DATABASE_URL end in ?schema=chat"
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "no tables") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	open(t, Config{URL: url + "?schema=chat"})
	open(t, Config{URL: url, Table: "chat.Message"})
}

func TestAnInsertThatIsNotAllowedStopsTheStart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	dbtest.Exec(t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	if s, err := Open(t.Context(), Config{URL: url}); err == nil {
		shut(t, s)
		t.Error("started on a read-only database")
	} else if !strings.Contains(err.Error(), "25006") {
		t.Errorf("error %v, want SQLSTATE 25006", err)
	}
}

// Their order in the app's list would be anybody's guess, and nobody sees why.
func TestMessagesWithoutATimeAreWarnedOf(t *testing.T) {
	t.Parallel()
	for column, warns := range map[string]bool{`BIGINT`: true, `BIGINT DEFAULT 5`: false, `TIMESTAMP`: false, `INTEGER GENERATED ALWAYS AS (5) STORED`: false} {
		var log bytes.Buffer
		url := dbtest.Postgres(t, `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT, "userId" TEXT, "roomId" TEXT, created_at `+column+`)`)
		open(t, Config{URL: url, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if strings.Contains(log.String(), "stays NULL") != warns {
			t.Errorf("%s: %s", column, log.String())
		}
	}
}

// After a commit in doubt the rows are looked for: who may not, could only guess.
func TestARoleThatMayNotReadMessagesStopsTheStart(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, strings.Replace(prismaPostgres, `"id" TEXT`, `"id" UUID`, 1))
	as := dbtest.AsRole(t, url, `GRANT INSERT, DELETE ON "Message"`)
	if s, err := Open(t.Context(), Config{URL: as}); err == nil {
		shut(t, s)
		t.Error("started")
	} else if !strings.Contains(err.Error(), "42501") {
		t.Errorf("error %v, want SQLSTATE 42501", err)
	}
}

const hiddenWord = "hunter2secret"

// Wrong in every way that a URL with a password can be, up to a server that is not there.
func TestErrorsNeverHoldThePassword(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"postgres://ann:" + hiddenWord + "#x@db/chat",
		"postgres://ann:1/" + hiddenWord + "@db/chat",
		"postgres://ann:1?" + hiddenWord + "@db/chat",
		"postgres://ann:" + hiddenWord + "%zz@db/chat",
		"postgres://ann:x@" + hiddenWord + "@db:port/chat",
		"postgres:ann:" + hiddenWord + "@db/chat",
		"mysql://ann:" + hiddenWord + "@db/chat",
		"postgres//ann:" + hiddenWord + "@db/chat",
		"postgres://ann:" + hiddenWord + "@db/chat?sslmode=perhaps",
		"postgres://ann:" + hiddenWord + "@db/chat?pool_max_conns=many",
		"postgres://ann@db/chat?sslmode=perhaps&password=" + hiddenWord,
		"postgres://ann@db/chat?sslcert=c&sslkey=k&sslpassword=" + hiddenWord,
		"postgres://ann:" + hiddenWord + "@127.0.0.1:1/chat",
		"postgres://ann:" + hiddenWord + "@127.0.0.1:1/chat?sslmode=disable",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		s, err := Open(ctx, Config{URL: raw})
		cancel()
		if err == nil {
			shut(t, s)
			t.Errorf("%s: opened", raw)
		} else if strings.Contains(err.Error(), hiddenWord) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
