package store

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
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

	// Postgres: the URL without the password and without what only Prisma understands.
	dsn         string
	password    string
	schema      string // empty means the search path's first
	pgbouncer   bool   // a pooler sits between: no named prepared statements
	connections int    // connection_limit, or 0
}

// prismaOnly are parameters that Prisma reads from the URL and Postgres would not know.
var prismaOnly = []string{
	"schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size",
	"sslaccept", "sslidentity", "max_connection_lifetime", "max_idle_connection_lifetime",
	"single_use_connections", "uselibpqcompat", "ssl",
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
	_, err = parseURL(raw)
	var fault urlFault
	if errors.As(err, &fault) {
		return nil, errors.New(string(fault))
	}
	return nil, err
}

// parseURL reads DATABASE_URL as Prisma writes it. The error is a urlFault.
func parseURL(raw string) (target, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	switch {
	case raw == "":
		return target{}, urlFault("where it is empty")
	case raw == databaseNone:
		return target{database: databaseNone}, nil
	case found && scheme == "file":
		return parseFile(rest)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgres(raw)
	case found && slices.Contains(unsupported, scheme):
		return target{}, urlFault("where " + scheme + " is not supported")
	}
	return target{}, urlFault("which starts neither with postgres:// nor with file:")
}

// unsupported are the schemes of databases that apps have and the gateway can't speak to.
var unsupported = []string{"mysql", "sqlserver", "mongodb", "prisma", "prisma+postgres"}

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

const errPostgresURL = urlFault("which is not a URL: percent-encode special characters in user and password")

func parsePostgres(raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Path, "@") || u.User == nil && strings.Contains(u.RawQuery, "@") {
		return target{}, errPostgresURL
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return target{}, errPostgresURL
	}
	t := target{database: databasePostgres, schema: q.Get("schema")}
	if t.pgbouncer, err = flag(q, "pgbouncer"); err != nil {
		return target{}, err
	}
	if q.Get("statement_cache_size") == "0" {
		t.pgbouncer = true // the same wish in other words
	}
	if limit := q.Get("connection_limit"); limit != "" {
		if t.connections, err = strconv.Atoi(limit); err != nil || t.connections < 1 {
			return target{}, urlFault("where connection_limit must be a number above 0")
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
		return false, urlFault("where " + name + " must be true or false")
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
