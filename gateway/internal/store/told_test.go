package store

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// told is one column that the database fills, and what of it a room hears; empty is nothing.
type told struct{ column, want string }

var toldByPostgres = []told{
	{`VARCHAR(9) DEFAULT 'SENT'`, `"SENT"`}, {`TEXT`, `null`}, {`"Kind" DEFAULT 'IMAGE'`, `"IMAGE"`}, {`CHAR(4) DEFAULT 'ab'`, `"ab  "`},
	{`TEXT DEFAULT E'a"\\b\n<é>'`, `"a\"\\b\n<é>"`},
	{`BOOLEAN NOT NULL DEFAULT false`, `false`}, {`BOOLEAN DEFAULT true`, `true`},
	{`SMALLINT DEFAULT -3`, `-3`}, {`INTEGER DEFAULT 7`, `7`}, {`BIGINT DEFAULT 9007199254740993`, `"9007199254740993"`}, {`BIGSERIAL`, `"1"`}, {`SERIAL`, `1`},
	{`NUMERIC(10,2) DEFAULT 1.5`, `"1.50"`}, {`NUMERIC DEFAULT 'NaN'`, `"NaN"`}, {`MONEY DEFAULT 2`, `"$2.00"`},
	{`REAL DEFAULT 0.1`, `0.1`}, {`DOUBLE PRECISION DEFAULT 2.5`, `2.5`}, {`DOUBLE PRECISION DEFAULT 'Infinity'`, `null`}, {`DOUBLE PRECISION DEFAULT 'NaN'`, `null`},
	{`TIMESTAMP(3) DEFAULT '2026-01-02 03:04:05.006'`, `"2026-01-02T03:04:05.006Z"`},
	{`TIMESTAMP DEFAULT '2026-01-02 03:04:05.006789'`, `"2026-01-02T03:04:05.006Z"`},
	{`TIMESTAMPTZ DEFAULT '2026-01-02 03:04:05+09'`, `"2026-01-01T18:04:05.000Z"`},
	{`TIMESTAMP DEFAULT 'infinity'`, `null`}, {`TIMESTAMP`, `null`}, {`DATE DEFAULT '2026-01-02'`, `"2026-01-02T00:00:00.000Z"`}, {`TIME DEFAULT '12:30'`, `"12:30:00"`},
	{`UUID DEFAULT '0198C0DE-0000-4000-8000-0123456789AB'`, `"` + aUUID + `"`}, {`INET DEFAULT '10.0.0.1'`, `"10.0.0.1"`},
	{`JSONB DEFAULT '{"a": [1, null]}'`, `{"a": [1, null]}`}, {`JSON DEFAULT '[]'`, `[]`}, {`JSONB DEFAULT 'null'`, `null`}, {`JSONB`, `null`},
	{`TEXT[] NOT NULL DEFAULT ARRAY['a','b"',NULL]`, `["a","b\"",null]`}, {`INTEGER[] DEFAULT '{{1,2},{3,4}}'`, `[[1,2],[3,4]]`}, {`TEXT[] DEFAULT '{}'`, `[]`},
	{`BIGINT[] DEFAULT '{9007199254740993}'`, `["9007199254740993"]`}, {`NUMERIC[] DEFAULT '{1.50}'`, `["1.50"]`}, {`"Kind"[] DEFAULT '{TEXT,IMAGE}'`, `["TEXT","IMAGE"]`},
	{`TIMESTAMP[] DEFAULT '{2026-01-02 03:04:05.006,NULL}'`, `["2026-01-02T03:04:05.006Z",null]`}, {`FLOAT8[] DEFAULT '{1.5,NaN}'`, `[1.5,null]`}, {`BOOLEAN[] DEFAULT '{t,f}'`, `[true,false]`},
	{`JSONB[] DEFAULT ARRAY['{"a":1}'::jsonb]`, `[{"a": 1}]`},
	{`percent DEFAULT 5`, `5`}, // a domain
	{`TEXT GENERATED ALWAYS AS ("userId" || '@' || "roomId") STORED`, `"u1@r"`},
	{`BYTEA DEFAULT '\x00'`, ``}, {`TSVECTOR DEFAULT 'a'`, ``}, {`TEXT DEFAULT repeat('x', 5000)`, ``}, {`JSONB DEFAULT to_jsonb(repeat('x', 5000))`, ``},
}

var toldBySQLite = []told{
	{`TEXT NOT NULL DEFAULT 'SENT'`, `"SENT"`}, {`TEXT`, `null`}, {`TEXT DEFAULT 'a"\<é>'`, `"a\"\\<é>"`},
	{`BOOLEAN NOT NULL DEFAULT false`, `false`}, {`BOOLEAN DEFAULT 1`, `true`}, {`BOOLEAN`, `null`}, {`BOOLEAN DEFAULT 2`, `2`},
	{`INTEGER DEFAULT 7`, `7`}, {`INTEGER DEFAULT 9007199254740993`, `"9007199254740993"`}, {`BIGINT DEFAULT 7`, `"7"`},
	{`REAL DEFAULT 0.1`, `0.1`}, {`DECIMAL DEFAULT 1.5`, `"1.5"`}, {`DECIMAL DEFAULT 2`, `"2"`},
	{`DATETIME DEFAULT '2026-01-02 03:04:05'`, `"2026-01-02T03:04:05.000Z"`}, {`DATETIME DEFAULT '2026-01-02T03:04:05.006+09:00'`, `"2026-01-01T18:04:05.006Z"`},
	{`DATETIME DEFAULT 1767323045`, `"2026-01-02T03:04:05.000Z"`},
	{`DATETIME DEFAULT 1767323045006`, `"2026-01-02T03:04:05.006Z"`}, {`DATETIME DEFAULT 'soon'`, `"soon"`}, {`DATE DEFAULT '2026-01-02'`, `"2026-01-02T00:00:00.000Z"`},
	{`JSONB DEFAULT '{"a":[1]}'`, `{"a":[1]}`}, {`JSON DEFAULT 'not'`, `"not"`},
	{`JSON DEFAULT (CAST(x'22ff22' AS TEXT))`, `"\"�\""`}, // who gets bytes that are not UTF-8 closes
	{`TEXT GENERATED ALWAYS AS ("userId" || '@' || "roomId") VIRTUAL`, `"u1@r"`}, {`TEXT AS (upper("userId")) STORED`, `"U1"`},
	{`BLOB DEFAULT x'00'`, ``}, {`TEXT DEFAULT x'00'`, ``}, {`TEXT DEFAULT (printf('%5000d', 1))`, ``},
}

// tableOf is the default table, with ids of that kind, and the columns c0, c1 and so on.
func tableOf(id string, columns []told) string {
	var more strings.Builder
	for i, c := range columns {
		fmt.Fprintf(&more, `, c%d %s`, i, c.column)
	}
	return `CREATE TABLE "Message" (id ` + id + ` PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL` + more.String() + `)`
}

func TestTheWholeStoredRowIsToldAsTheAppsOwnClientPrintsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		columns     []told
		ids, lite   string
		appendToURL string
	}{
		"postgres, ids of the gateway":          {toldByPostgres, "TEXT", "", ""},
		"postgres, ids of the database":         {toldByPostgres, "SERIAL", "", ""},
		"postgres, without prepared statements": {toldByPostgres, "TEXT", "", "?pgbouncer=true"},
		"sqlite, ids of the gateway":            {toldBySQLite, "TEXT", "file:" + filepath.Join(t.TempDir(), "test.db"), ""},
		"sqlite, ids of the database":           {toldBySQLite, "INTEGER", "file:" + filepath.Join(t.TempDir(), "test.db"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := c.lite
			if url == "" {
				url = dbtest.Postgres(t, `CREATE TYPE "Kind" AS ENUM ('TEXT', 'IMAGE'); CREATE DOMAIN percent AS INTEGER; `+tableOf(c.ids, c.columns)+
					`; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''; ALTER DATABASE %1$I SET datestyle = ''SQL, DMY''', current_database()); END $$`)
			} else {
				dbtest.SQLite(t, url, tableOf(c.ids, c.columns))
			}
			got := othersOf(mustSave(t, open(t, Config{URL: url + c.appendToURL}), draft("r", "hi")))
			for i, column := range c.columns {
				if told := got[fmt.Sprintf("c%d", i)]; told != column.want {
					t.Errorf("%s is told as %s, want %s", column.column, told, column.want)
				}
			}
		})
	}
}

// othersOf gives what a row is told to hold beside its message.
func othersOf(row message.Stored) map[string]string {
	values := make(map[string]string)
	for _, f := range row.Others {
		if !json.Valid(f.Value) {
			panic(fmt.Sprintf("%s is told as %q, which is no JSON", f.Column, f.Value))
		}
		values[f.Column] = string(f.Value)
	}
	return values
}

func TestConstantsAndTheTimeOfAChangeAreTold(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE "Message" (id TEXT PRIMARY KEY, kind TEXT NOT NULL, priority INTEGER NOT NULL, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
		"createdAt" TIMESTAMP NOT NULL, "updatedAt" TIMESTAMP NOT NULL)`
	lite := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, lite, table)
	for _, url := range []string{lite, dbtest.Postgres(t, table)} {
		s := open(t, Config{URL: url, Constants: map[string]string{"kind": "TEXT", "priority": "3"}})
		stored := mustSave(t, s, draft("r", "hi"))
		want := fmt.Sprintf(`[{kind "TEXT"} {priority 3} {updatedAt %s}]`, isoTime(stored.CreatedAt))
		var got []string
		for _, f := range stored.Others {
			got = append(got, fmt.Sprintf("{%s %s}", f.Column, f.Value))
		}
		if "["+strings.Join(got, " ")+"]" != want || strings.Join(s.mapping.Others(), " ") != "kind priority updatedAt" {
			t.Errorf("%s: told %s of %v, want %s", s.mapping.Database, got, s.mapping.Others(), want)
		}
	}
}

// A time that the column rounds is told as it is stored.
func TestARoundedTimeIsReadBack(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, strings.Replace(prismaPostgres, "CONSTRAINT", `"updatedAt" TIMESTAMP(0) NOT NULL, CONSTRAINT`, 1))
	got := othersOf(mustSave(t, open(t, Config{URL: url}), draft("r", "hi")))["updatedAt"]
	if !strings.HasSuffix(got, `.000Z"`) {
		t.Errorf("told %s", got)
	}
}

// The default table is the one whose speed is promised.
func TestAnInsertReturnsNothingWhereEverythingOfTheRowIsKnown(t *testing.T) {
	t.Parallel()
	const updated = `"updatedAt" TIMESTAMP(3) NOT NULL, CONSTRAINT`
	for _, schema := range []string{prismaPostgres, strings.Replace(prismaPostgres, "CONSTRAINT", updated, 1)} {
		s := open(t, Config{URL: dbtest.Postgres(t, schema)})
		sql := s.table.(*postgresTable).sql
		if strings.Contains(sql.insert+sql.insertAgain, "RETURNING") {
			t.Errorf("%s: %s", schema, sql.insert)
		}
	}
	const want = `INSERT INTO "public"."Message" ("id", "text", "userId", "roomId", "createdAt") SELECT v.c1::text, v.c2::text, v.c3::text, v.c4::text, v.c5::timestamp without time zone ` +
		`FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS v(c1, c2, c3, c4, c5, n) ORDER BY v.n`
	s := open(t, Config{URL: dbtest.Postgres(t, prismaPostgres)})
	if got := s.table.(*postgresTable).sql.insert; got != want {
		t.Errorf("the default insert is\n%s, want\n%s", got, want)
	}
	if lite := open(t, Config{URL: newSQLite(t)}); lite.table.(*sqliteTable).returns() {
		t.Error("the default insert of SQLite returns something")
	}
}
