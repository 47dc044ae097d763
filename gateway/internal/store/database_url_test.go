package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

const (
	withTables    = "tables" // what a test writes into a file: a table, or none
	withoutTables = "none"
)

// lay writes the files of an app into the working directory, databases among them.
func lay(t *testing.T, files map[string]string) {
	t.Helper()
	for path, content := range files {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		switch {
		case content == withTables:
			must(t, dbtest.SQLite(t, "file:"+path, prismaSQLite).Close())
		case content == withoutTables: // as a gateway leaves it that opened an empty one
			must(t, dbtest.SQLite(t, "file:"+path, prismaSQLite+`; DROP TABLE "Message"; PRAGMA wal_checkpoint(TRUNCATE)`).Close())
		default:
			must(t, os.WriteFile(path, []byte(content), 0o600))
		}
	}
}

func TestSQLiteFileIsLookedForAsPrismaDoes(t *testing.T) {
	const six, seven = `{"devDependencies": {"prisma": "^6.19.0"}}`, `{"dependencies": {"@prisma/client": "7.10.0"}}`
	for name, c := range map[string]struct {
		files map[string]string
		url   string
		want  string
	}{
		"in the folder":                     {map[string]string{"dev.db": withTables}, "file:./dev.db", "dev.db"},
		"beside the schema":                 {map[string]string{"prisma/dev.db": withTables}, "file:./dev.db", "prisma/dev.db"},
		"beside a schema of several files":  {map[string]string{"prisma/schema/dev.db": withTables}, "file:./dev.db", "prisma/schema/dev.db"},
		"above the schema":                  {map[string]string{"data/dev.db": withTables}, "file:../data/dev.db", "data/dev.db"},
		"behind an empty file":              {map[string]string{"dev.db": "", "prisma/dev.db": withTables}, "file:./dev.db", "prisma/dev.db"},
		"behind one without tables":         {map[string]string{"dev.db": withoutTables, "prisma/dev.db": withTables}, "file:./dev.db", "prisma/dev.db"},
		"Prisma 6 has the schema's first":   {map[string]string{"package.json": six, "dev.db": withTables, "prisma/dev.db": withTables}, "file:./dev.db", "prisma/dev.db"},
		"Prisma 7 has the project's first":  {map[string]string{"package.json": seven, "dev.db": withTables, "prisma/dev.db": withTables}, "file:./dev.db", "dev.db"},
		"Prisma 7 finds it where it says":   {map[string]string{"package.json": seven, "prisma/dev.db": withTables}, "file:./prisma/dev.db", "prisma/dev.db"},
		"Prisma 6 and the path of the root": {map[string]string{"package.json": six, "prisma/prisma/dev.db": withTables}, "file:./prisma/dev.db", "prisma/prisma/dev.db"},
		"the schema of package.json":        {map[string]string{"package.json": `{"prisma": {"schema": "db/schema.prisma"}}`, "db/dev.db": withTables}, "file:dev.db", "db/dev.db"},
		"the schema of prisma.config":       {map[string]string{"prisma.config.ts": `export default defineConfig({ schema: "db/schemas", migrations: { path: "x" } })`, "db/schemas/dev.db": withTables}, "file:dev.db", "db/schemas/dev.db"},
		"the schema that path.join makes":   {map[string]string{"prisma.config.mjs": "import path from 'path'\nexport default {\n  schema: path.join(process.cwd(), 'db', 'schema.prisma'),\n}", "db/dev.db": withTables}, "file:dev.db", "db/dev.db"},
		"the schema in the root":            {map[string]string{"package.json": `{"dependencies": {"prisma": "5"}, "prisma": {"schema": "schema.prisma"}}`, "dev.db": withTables, "prisma/dev.db": withTables}, "file:dev.db", "dev.db"},
		"a name with a space":               {map[string]string{"my chat.db": withTables}, "file:./my%20chat.db", "my chat.db"},
		"a name with a %":                   {map[string]string{"my%20chat.db": withTables, "my chat.db": withTables}, "file:./my%20chat.db", "my%20chat.db"},
		"with parameters":                   {map[string]string{"prisma/dev.db": withTables}, "file:./dev.db?connection_limit=1&socket_timeout=", "prisma/dev.db"},
		"of a file that is no package":      {map[string]string{"package.json": "oops", "dev.db": withTables}, "file:dev.db", "dev.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			lay(t, c.files)
			parsed, err := database.Parse(c.url)
			must(t, err)
			want, err := filepath.Abs(c.want)
			must(t, err)
			if got, err := parsed.File(); err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
			mustSave(t, open(t, Config{URL: c.url}), draft("r1", "hello"))
		})
	}
}

func TestAnAbsoluteSQLitePathIsLookedForNowhereElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "my chat.db")
	lay(t, map[string]string{path: withTables})
	for _, url := range []string{"file:" + path, "file://" + path, "file:" + strings.ReplaceAll(path, " ", "%20"), "file://" + path + "?mode=rwc"} {
		parsed, err := database.Parse(url)
		must(t, err)
		if got, err := parsed.File(); err != nil || got != path {
			t.Errorf("%s: got %s, %v", url, got, err)
		}
	}
	nowhere, err := database.Parse("file:/nowhere/dev.db")
	must(t, err)
	if _, err := nowhere.File(); err == nil || strings.Contains(err.Error(), " or ") {
		t.Errorf("got %v", err)
	}
}

func TestAnEmptySQLiteFileIsNamedAndStaysAsItIs(t *testing.T) {
	t.Chdir(t.TempDir())
	lay(t, map[string]string{"dev.db": "", "prisma/dev.db": withoutTables})
	_, err := Open(t.Context(), Config{URL: "file:./dev.db"})
	if want := "DATABASE_URL: the SQLite file dev.db is empty; make its tables first (npx prisma migrate dev)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if info, err := os.Stat("dev.db"); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

func TestWhichSQLiteFileIsTakenIsSaidWhereThereAreSeveral(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"one":          {map[string]string{"dev.db": withTables}, ""},
		"none":         {nil, ""},
		"an empty one": {map[string]string{"dev.db": "", "prisma/dev.db": withTables}, "DATABASE_URL may mean prisma/dev.db, or dev.db (which is empty): the first is taken; an absolute path leaves no doubt"},
		"two":          {map[string]string{"dev.db": withTables, "prisma/dev.db": withTables}, "DATABASE_URL may mean dev.db, or prisma/dev.db: the first is taken; an absolute path leaves no doubt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			lay(t, c.files)
			warnings, err := database.Check("file:./dev.db")
			if got := strings.Join(warnings, "\n"); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestAURLOfOtherDriversConnects(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, prismaPostgres)
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	url += separator + "supa=x&workaround=y&max=5&gssencmode=disable&keepalives_idle=30&uselibpqcompat=true&client_encoding=auto&socket_timeout=9&application_name=a+b&app.tenant=7&"
	mustSave(t, open(t, Config{URL: url}), draft("r1", "hello"))
}
