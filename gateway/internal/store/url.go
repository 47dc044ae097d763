package store

import (
	"errors"
	"slices"
	"strings"
)

// Kinds of database.
const (
	databasePostgres = "postgres"
	databaseSQLite   = "sqlite"
	databaseNone     = "none"
)

// target is what a DATABASE_URL says.
type target struct {
	database string
	path     string // SQLite's file

	// Postgres: the URL without the password and without what only other drivers understand.
	dsn         string
	password    string
	schema      string // empty means the search path's first
	pgbouncer   bool   // a pooler sits between: no named prepared statements
	connections int    // connection_limit, or 0

	warnings []string // sentences about what is not heeded, or not safe; without any part of the URL
}

// A urlFault says what is wrong with a DATABASE_URL: the clause that follows "DATABASE_URL holds …, ". It holds no part of
// the URL but a known scheme, since a URL that is wrong may have its password anywhere.
type urlFault string

func (f urlFault) Error() string {
	return "DATABASE_URL is not understood, " + string(f) + "; it should be postgres://user:password@host:5432/name " +
		"(# / ? @ : % in the password are written %23 %2F %3F %40 %3A %25), file:./dev.db, or none to relay without storing"
}

// CheckURL looks at a DATABASE_URL without connecting. The error is a clause that follows "DATABASE_URL holds …, "; like the
// warnings, it holds no part of a password.
func CheckURL(raw string) (warnings []string, err error) {
	t, err := parseURL(raw)
	var fault urlFault
	switch {
	case errors.As(err, &fault):
		return nil, errors.New(string(fault))
	case t.database == databaseSQLite:
		return fileWarnings(t.path), nil
	}
	return t.warnings, err
}

// parseURL reads DATABASE_URL as Prisma, node-postgres and libpq do. The error is a urlFault.
func parseURL(raw string) (target, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case raw == "":
		return target{}, urlFault("where it is empty")
	case raw == databaseNone:
		return target{database: databaseNone}, nil
	case found && scheme == "file":
		return parseFile(rest)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgres(scheme, rest)
	case found && (scheme == "prisma" || scheme == "prisma+postgres"):
		return target{}, urlFault("where " + scheme + " is not supported, since it leads to a proxy that only Prisma's client can use: " +
			"take the database's own postgres:// URL, often found as DIRECT_URL")
	case found && (scheme == "sqlite" || scheme == "sqlite3"):
		return target{}, urlFault("where SQLite's begins with file:")
	case found && slices.Contains(unsupported, scheme):
		return target{}, urlFault("where " + scheme + " is not supported")
	}
	return target{}, urlFault("which starts neither with postgres:// nor with file:")
}

// unsupported are the schemes of databases that apps have and the gateway can't speak to.
var unsupported = []string{"mysql", "mysql2", "mariadb", "sqlserver", "mssql", "mongodb", "mongodb+srv", "libsql", "redis"}

func parseFile(rest string) (target, error) {
	path, _, _ := strings.Cut(rest, "?")
	if strings.HasPrefix(path, "//") {
		path = "/" + strings.TrimLeft(path, "/")
	}
	if path == "" || strings.ContainsRune(path, 0) {
		return target{}, urlFault("where a path is missing")
	}
	return target{database: databaseSQLite, path: path}, nil
}
