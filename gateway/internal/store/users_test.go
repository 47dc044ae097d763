package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// Users are found by the foreign key of the sender, and called by any column but an e-mail address.
func TestTheSendersForeignKeyTellsWhereUsersHaveTheirNames(t *testing.T) {
	t.Parallel()
	const message = `; CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "senderId" TEXT %s, "roomId" TEXT NOT NULL)`
	for _, c := range []struct{ users, reference, want string }{
		{`CREATE TABLE "User" (id TEXT PRIMARY KEY, email TEXT, name TEXT, username TEXT)`, `REFERENCES "User"(id)`, `SELECT "username", "name" FROM %"User" WHERE "id" = $1`},
		{`CREATE TABLE profiles (user_id TEXT PRIMARY KEY, display_name TEXT, full_name TEXT)`, `REFERENCES profiles(user_id)`, `SELECT "display_name", "full_name" FROM %"profiles" WHERE "user_id" = $1`},
		{`CREATE TABLE "User" (id TEXT PRIMARY KEY, email TEXT, "usernameEmail" TEXT)`, `REFERENCES "User"(id)`, ``},
		{`CREATE TABLE "User" (id TEXT PRIMARY KEY, name TEXT)`, ``, ``},
		{`CREATE TABLE "User" (id TEXT PRIMARY KEY, name INTEGER)`, `REFERENCES "User"(id)`, ``},
	} {
		tables := c.users + strings.ReplaceAll(message, "%s", c.reference)
		pg := dbtest.Postgres(t, tables)
		lite := "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, lite, tables)
		for schema, url := range map[string]string{`"public".`: pg, "": lite} {
			s, err := Open(t.Context(), Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.Mapping().UserQuery, strings.ReplaceAll(c.want, "%", schema); got != want {
				t.Errorf("%s: %q, want %q", tables, got, want)
			}
			s.Close(context.Background())
		}
	}
}
