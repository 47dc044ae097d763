package database

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
}

// prismaOnly are parameters that Prisma reads from the URL and Postgres would not know.
var prismaOnly = []string{
	"schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size",
	"sslaccept", "sslidentity", "max_connection_lifetime", "max_idle_connection_lifetime",
	"single_use_connections", "uselibpqcompat", "ssl",
}

// A fault says what is wrong with a DATABASE_URL: the clause that follows "DATABASE_URL holds …, ". It holds no part of the
// URL but a known scheme, since a URL that is wrong may have its password anywhere.
type fault string

func (f fault) Error() string {
	return "DATABASE_URL is not understood, " + string(f) + "; it should be postgres://user:password@host:5432/name " +
		"(# / ? @ : % in the password are written %23 %2F %3F %40 %3A %25), file:./dev.db, or none to relay without storing"
}

// Check looks at a DATABASE_URL without connecting. The error is a clause that follows "DATABASE_URL holds …, "; like the
// warnings, it holds no part of a password.
func Check(raw string) (warnings []string, err error) {
	_, err = Parse(raw)
	var f fault
	if errors.As(err, &f) {
		return nil, errors.New(string(f))
	}
	return nil, err
}

// Parse reads DATABASE_URL as Prisma writes it: postgres://…, postgresql://…, file:./dev.db, or none. It connects to nothing
// and looks at no file. Its errors hold no part of the URL but the scheme, since a URL that is wrong may have its password
// anywhere.
func Parse(raw string) (URL, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	switch {
	case raw == "":
		return URL{}, fault("where it is empty")
	case raw == string(None):
		return URL{Kind: None}, nil
	case found && scheme == "file":
		return parseFile(rest)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgres(raw)
	case found && slices.Contains(unsupported, scheme):
		return URL{}, fault("where " + scheme + " is not supported")
	}
	return URL{}, fault("which starts neither with postgres:// nor with file:")
}

// unsupported are the schemes of databases that apps have and the gateway can't speak to.
var unsupported = []string{"mysql", "sqlserver", "mongodb", "prisma", "prisma+postgres"}

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

const errPostgresURL = fault("which is not a URL: percent-encode special characters in user and password")

func parsePostgres(raw string) (URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Path, "@") || u.User == nil && strings.Contains(u.RawQuery, "@") {
		return URL{}, errPostgresURL
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return URL{}, errPostgresURL
	}
	t := URL{Kind: Postgres, Schema: q.Get("schema")}
	if t.PgBouncer, err = flag(q, "pgbouncer"); err != nil {
		return URL{}, err
	}
	if q.Get("statement_cache_size") == "0" {
		t.PgBouncer = true // the same wish in other words
	}
	if limit := q.Get("connection_limit"); limit != "" {
		if t.Connections, err = strconv.Atoi(limit); err != nil || t.Connections < 1 {
			return URL{}, fault("where connection_limit must be a number above 0")
		}
	}
	t.password = takePassword(u, q)
	translateTLS(q)
	for _, name := range prismaOnly {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	t.dsn = u.String()
	return t, nil
}

func flag(q url.Values, name string) (bool, error) {
	if q.Get(name) == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(q.Get(name))
	if err != nil {
		return false, fault("where " + name + " must be true or false")
	}
	return v, nil
}

// takePassword moves the password out of the URL, so that nothing that meets the URL later can print it.
func takePassword(u *url.URL, q url.Values) string {
	password := q.Get("password")
	q.Del("password")
	if p, ok := u.User.Password(); ok {
		password = p
		u.User = url.User(u.User.Username())
	}
	return password
}

// translateTLS turns Prisma's TLS parameters into those of libpq. Prisma's sslcert is the server's authority;
// libpq's is the client's certificate and comes with an sslkey. ssl=true is node-postgres'.
func translateTLS(q url.Values) {
	if q.Has("sslcert") && !q.Has("sslkey") {
		if !q.Has("sslrootcert") {
			q.Set("sslrootcert", q.Get("sslcert"))
		}
		q.Del("sslcert")
		q.Del("sslpassword")
	}
	switch {
	case q.Get("sslaccept") == "strict" && q.Get("sslmode") != "disable":
		q.Set("sslmode", "verify-full")
	case q.Get("sslaccept") == "accept_invalid_certs":
		q.Del("sslrootcert") // with it, sslmode=require would verify
	case !q.Has("sslmode") && (q.Get("ssl") == "true" || q.Get("ssl") == "1"):
		q.Set("sslmode", "require")
	}
}

// File finds the file of a SQLite URL and gives its absolute path. Prisma reads a relative path from the folder of its
// schema, others read it from the working directory: both are tried. An empty file counts only where there is no other,
// because somebody who opened the wrong path has made it by mistake.
func (u URL) File() (string, error) {
	tried := []string{u.file}
	if !filepath.IsAbs(u.file) {
		tried = append(tried, filepath.Join("prisma", u.file))
	}
	empty := ""
	for _, path := range tried {
		info, err := os.Stat(path)
		switch {
		case err != nil || info.IsDir():
		case info.Size() > 0:
			return filepath.Abs(path)
		case empty == "":
			empty = path
		}
	}
	if empty != "" {
		return filepath.Abs(empty)
	}
	return "", fmt.Errorf("DATABASE_URL: no SQLite file at %s; make it first (npx prisma migrate dev)", strings.Join(tried, " or "))
}

// NewFile is where a SQLite URL puts a file that is still to be made: the path as the URL spells it.
func (u URL) NewFile() string { return u.file }
