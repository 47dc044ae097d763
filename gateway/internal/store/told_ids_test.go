package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// idTypes are columns of rooms and users, by what they are told for a room. Prisma and node-postgres print the same.
var idTypes = map[string][]struct{ column, room, told string }{
	"postgres": {
		{"SMALLINT", "5", `5`},
		{"INTEGER", "-2147483648", `-2147483648`},
		{"BIGINT", "5", `"5"`},
		{"BIGINT", "9007199254740993", `"9007199254740993"`},
		{"BIGINT", "-9223372036854775808", `"-9223372036854775808"`},
		{"nr", "7", `"7"`}, // a domain over one of BIGINT
		{"NUMERIC(20)", "9007199254740993", `"9007199254740993"`},
		{"UUID", aUUID, `"` + aUUID + `"`},
		{"TEXT", "007", `"007"`},
		{"TEXT", "9007199254740993", `"9007199254740993"`},
		{"VARCHAR(9)", `a"\b`, `"a\"\\b"`},
	},
	"sqlite": {
		{"INTEGER", "5", `5`},
		{"INTEGER", "9007199254740991", `9007199254740991`},
		{"INTEGER", "-9007199254740991", `-9007199254740991`},
		{"INTEGER", "9007199254740992", `"9007199254740992"`},
		{"INTEGER", "-9007199254740993", `"-9007199254740993"`},
		{"INT", "9223372036854775807", `"9223372036854775807"`},
		{"BIGINT", "5", `"5"`},
		{"UNSIGNED BIG INT", "5", `"5"`},
		{"int8", "5", `"5"`},
		{"TEXT", "5", `"5"`},
	},
}

func TestIDsAreToldAsTheAppsOwnClientPrintsThem(t *testing.T) {
	t.Parallel()
	for kind, types := range idTypes {
		for _, c := range types {
			t.Run(kind+", "+c.column+", "+c.room, func(t *testing.T) {
				t.Parallel()
				schema := strings.ReplaceAll(`CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "userId" T, "roomId" T)`, " T,", " "+c.column+",")
				schema = strings.Replace(schema, " T)", " "+c.column+")", 1)
				url := "file:" + filepath.Join(t.TempDir(), "test.db")
				if kind == "sqlite" {
					dbtest.SQLite(t, url, schema)
				} else {
					url = dbtest.Postgres(t, "CREATE DOMAIN number AS BIGINT; CREATE DOMAIN nr AS number; "+schema)
				}
				stored := mustSave(t, open(t, Config{URL: url}), message.Draft{Room: c.room, User: c.room, Text: "hi"})
				if string(stored.Room) != c.told || string(stored.User) != c.told {
					t.Errorf("room %s, user %s, want %s", stored.Room, stored.User, c.told)
				}
			})
		}
	}
}

func TestMessageIDsOfTheDatabaseAreNeverRounded(t *testing.T) {
	t.Parallel()
	const rest = `, text TEXT NOT NULL, "userId" TEXT, "roomId" TEXT)`
	for id, want := range map[string]string{
		"SERIAL PRIMARY KEY":                                              `41`,
		"BIGSERIAL PRIMARY KEY":                                           `"41"`,
		"BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY":                 `"41"`,
		"NUMERIC DEFAULT 9007199254740993 PRIMARY KEY":                    `"9007199254740993"`,
		"BIGINT DEFAULT 9007199254740993 PRIMARY KEY":                     `"9007199254740993"`,
		"UUID DEFAULT '0198C0DE-0000-4000-8000-0123456789AB' PRIMARY KEY": `"` + aUUID + `"`,
	} {
		url := dbtest.Postgres(t, `CREATE TABLE "Message" (id `+id+rest)
		if want == `41` || want == `"41"` {
			dbtest.Exec(t, url, `SELECT setval(pg_get_serial_sequence('"Message"', 'id'), 40)`)
		}
		if stored := mustSave(t, open(t, Config{URL: url}), draft("r", "hi")); string(stored.ID) != want {
			t.Errorf("%s: %s, want %s", id, stored.ID, want)
		}
	}
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, url, `CREATE TABLE "Message" (id INTEGER PRIMARY KEY`+rest+`; INSERT INTO "Message" VALUES (9007199254740992, '', '', '')`)
	if stored := mustSave(t, open(t, Config{URL: url}), draft("r", "hi")); string(stored.ID) != `"9007199254740993"` {
		t.Errorf("SQLite: %s", stored.ID)
	}
}
