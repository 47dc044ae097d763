package check

import (
	"encoding/json"
	"regexp"
	"slices"
)

// foreign is a database of the app's in which the gateway stores nothing, and the file that says so.
type foreign struct{ name, file string }

var (
	// foreignClients are the packages that speak with such, and ownClients with one that it does.
	foreignClients = map[string]string{"mongoose": "MongoDB", "mongodb": "MongoDB", "mysql2": "MySQL", "mysql": "MySQL", "firebase-admin": "Firebase", "mssql": "SQL Server"}
	ownClients     = []string{"pg", "postgres", "@prisma/adapter-pg", "@neondatabase/serverless", "@vercel/postgres", "better-sqlite3", "@prisma/adapter-better-sqlite3", "sqlite3"}

	prismaProvider = regexp.MustCompile(`\bdatasource\s+\w+\s*\{[^}]*?\bprovider\s*=\s*"(mongodb|mysql|sqlserver)"`)
	providers      = map[string]string{"mongodb": "MongoDB", "mysql": "MySQL", "sqlserver": "SQL Server"}
)

// readPackage looks in a package.json for what the app keeps its rows and its logins with.
func (e *appEvents) readPackage(name, text string) {
	var it struct{ Dependencies map[string]string }
	if json.Unmarshal([]byte(text), &it) != nil {
		return
	}
	has := func(name string) bool { _, there := it.Dependencies[name]; return there }
	for client, database := range foreignClients {
		if has(client) && !slices.ContainsFunc(ownClients, has) && e.store.name == "" {
			e.store = foreign{database, name}
		}
	}
	e.readLoginPackages(name, has)
}

// readProvider looks in a Prisma schema for the same.
func (e *appEvents) readProvider(name, text string) {
	if found := prismaProvider.FindStringSubmatch(text); found != nil {
		e.store = foreign{providers[found[1]], name}
	}
}

// foreignDatabase says what is left of an app whose rows are where the gateway can't store any.
func (s start) foreignDatabase(app appEvents) (told bool) {
	if app.store.name == "" || !app.usesIt() || s.config.DatabaseURL.None() || !s.faulty.About("DATABASE_URL") {
		return false
	}
	s.warn("database", app.store.file+" has "+app.store.name+", where the gateway stores nothing: attach the app's own server, whose handlers go on storing there, or",
		"GATEWAY_DATABASE_URL=none # if routes of the app save messages, and sockets only tell of them")
	return true
}
