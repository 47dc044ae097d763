package database

import (
	"errors"
	"slices"
	"strings"
)

// Kind is what keeps the data.
type Kind string

// The kinds of database.
const (
	Postgres Kind = "postgres"
	SQLite   Kind = "sqlite"
	None     Kind = "none" // nothing is kept
)

// URL is what a DATABASE_URL says. Its password can't be read from outside the package.
type URL struct {
	Kind Kind
	// Schema is where Postgres' tables are; empty means the first one of the search path.
	Schema string
	// PgBouncer says that a pooler stands before Postgres: no prepared statement may have a name.
	PgBouncer bool
	// Connections is how many the URL allows (connection_limit); 0 where it does not say.
	Connections int

	file     string // SQLite's, as the URL spells it
	dsn      string // Postgres' URL without the password and without what only Prisma understands
	password string

	warnings []string // sentences about what is not heeded, or not safe; without any part of the URL
}

// A fault says what is wrong with a DATABASE_URL: the clause that follows "DATABASE_URL holds …, ". It holds no part of
// the URL but a known scheme, since a URL that is wrong may have its password anywhere.
type fault string

func (f fault) Error() string {
	return "DATABASE_URL is not understood, " + string(f) + "; it should be postgres://user:password@host:5432/name " +
		"(# / ? @ : % in the password are written %23 %2F %3F %40 %3A %25), file:./dev.db, or none to relay without storing"
}

// Check looks at a DATABASE_URL without connecting. The error is a clause that follows "DATABASE_URL holds …, "; like the
// warnings, it holds no part of a password.
func Check(raw string) (warnings []string, err error) {
	t, err := Parse(raw)
	var f fault
	switch {
	case errors.As(err, &f):
		return nil, errors.New(string(f))
	case t.Kind == SQLite:
		return fileWarnings(t.file), nil
	}
	return t.warnings, err
}

// Parse reads DATABASE_URL as Prisma, node-postgres and libpq do: postgres://…, postgresql://…, file:./dev.db, or none. It
// connects to nothing, and looks only for files that the URL names. Its errors hold no part of the URL but the scheme, since a
// URL that is wrong may have its password anywhere.
func Parse(raw string) (URL, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case raw == "":
		return URL{}, fault("where it is empty")
	case raw == string(None):
		return URL{Kind: None}, nil
	case found && scheme == "file":
		return parseFile(rest)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgres(scheme, rest)
	case found && (scheme == "prisma" || scheme == "prisma+postgres"):
		return URL{}, fault("where " + scheme + " is not supported, since it leads to a proxy that only Prisma's client can use: " +
			"take the database's own postgres:// URL, often found as DIRECT_URL")
	case found && (scheme == "sqlite" || scheme == "sqlite3"):
		return URL{}, fault("where SQLite's begins with file:")
	case found && slices.Contains(unsupported, scheme):
		return URL{}, fault("where " + scheme + " is not supported")
	}
	return URL{}, fault("which starts neither with postgres:// nor with file:")
}

// unsupported are the schemes of databases that apps have and the gateway can't speak to.
var unsupported = []string{"mysql", "mysql2", "mariadb", "sqlserver", "mssql", "mongodb", "mongodb+srv", "libsql", "redis"}

func parseFile(rest string) (URL, error) {
	path, _, _ := strings.Cut(rest, "?")
	if strings.HasPrefix(path, "//") {
		path = "/" + strings.TrimLeft(path, "/")
	}
	if path == "" || strings.ContainsRune(path, 0) {
		return URL{}, fault("where a path is missing")
	}
	return URL{Kind: SQLite, file: path}, nil
}

// File finds the file of a SQLite URL and gives its absolute path. An error names the files that it may mean.
func (u URL) File() (string, error) { return locate(u.file) }

// NewFile is where a SQLite URL puts a file that is still to be made: the path as the URL spells it.
func (u URL) NewFile() string { return u.file }
