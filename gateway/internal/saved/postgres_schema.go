package saved

import (
	"context"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// The tables. There is no index on the gateway, which would make each claim dearer: a sweep reads the table instead. A version of the
// gateway that needs more columns adds them with defaults (ADD COLUMN IF NOT EXISTS), so that an earlier one that runs beside it goes on.
const (
	createGateway = `CREATE TABLE IF NOT EXISTS socketgate.gateways (
    id text PRIMARY KEY,            -- made up by each process
    alive_at timestamptz NOT NULL,  -- its last sign of life
    writes bigint NOT NULL DEFAULT 0 -- the number of its latest write of sessions
)`
	createSession = `CREATE TABLE IF NOT EXISTS socketgate.sessions (
    key bytea PRIMARY KEY,          -- a hash of the session's id
    gateway text NOT NULL,          -- whose it is
    generation bigint NOT NULL DEFAULT 0,
    claimed_at timestamptz,
    user_id text NOT NULL,
    session json NOT NULL           -- its rooms, and which message was the last there when it joined
) WITH (fillfactor = 70)`
	grant       = `GRANT SELECT, INSERT, UPDATE, DELETE ON `
	grantTables = grant + `socketgate.gateways, socketgate.sessions TO `
)

// Tables are what this package keeps in the schema socketgate.
func Tables() []database.Own {
	return []database.Own{
		{Name: "gateways", Create: createGateway, Grant: grant + "socketgate.gateways"},
		{Name: "sessions", Create: createSession, Grant: grant + "socketgate.sessions"},
		{Name: "void_sessions", Create: createVoid, Grant: grant + "socketgate.void_sessions"},
	}
}

func (p *postgres) prepare(ctx context.Context) error { return p.prepareBy(ctx, p.rehearse) }

func (p *postgres) prepareBy(ctx context.Context, rehearse func(context.Context) error) error {
	err := rehearse(ctx)
	if !database.IsForbidden(err) {
		return err
	}
	made := p.exec(ctx, database.CreateOwn(Tables()...))
	if err = rehearse(ctx); database.IsForbidden(err) && made != nil {
		return made
	}
	return err
}

// rehearse runs every statement with nothing to do, since the server checks rights no sooner, and takes it back.
func (p *postgres) rehearse(ctx context.Context) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return database.PostgresFault(err)
	}
	defer tx.Rollback(ctx)
	for _, one := range []struct {
		sql  string
		args []any
	}{
		{writePostgres, []any{p.gateway, [][]byte{}, [][]byte{}, []string{}, []string{}, 1}},
		{claimPostgres, []any{p.gateway, [][]byte{}, []float64{}, p.window, 1}},
		{releasePostgres, []any{p.gateway, [][]byte{}}},
		{ownedPostgres, []any{p.gateway}},
		{sweepGateways, []any{p.window}},
		{sweepSessions, []any{0}},
	} {
		if _, err := tx.Exec(ctx, one.sql, one.args...); err != nil {
			return database.PostgresFault(err)
		}
	}
	return nil
}

// see asks what there is, and what this role may do with it. It needs no right at all.
const see = `SELECT current_user, has_database_privilege(current_database(), 'CREATE'),
	coalesce(has_schema_privilege(n.oid, 'USAGE'), false), coalesce(has_schema_privilege(n.oid, 'CREATE'), false), n.oid IS NOT NULL,
	(SELECT count(*) FROM pg_class WHERE relnamespace = n.oid AND relname IN ('gateways', 'sessions')),
	(SELECT coalesce(bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
		AND has_table_privilege(oid, 'DELETE')), true) FROM pg_class WHERE relnamespace = n.oid AND relname IN ('gateways', 'sessions')),
	(SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped WHERE c.relnamespace = n.oid
		AND (c.relname = 'gateways' AND a.attname IN ('id', 'alive_at', 'writes')
			OR c.relname = 'sessions' AND a.attname IN ('key', 'gateway', 'generation', 'claimed_at', 'user_id', 'session')))
FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = 'socketgate'`

// seen is what see gives.
type seen struct {
	role                                      string
	mayMakeSchema, mayUse, mayMakeTables, has bool
	tables                                    int
	mayWrite                                  bool
	columns                                   int // that are as they should be
}

// allColumns is how many columns both tables have.
const allColumns = 9

func (p *postgres) see(ctx context.Context) (s seen, err error) {
	err = p.pool.QueryRow(ctx, see).Scan(&s.role, &s.mayMakeSchema, &s.mayUse, &s.mayMakeTables, &s.has, &s.tables, &s.mayWrite, &s.columns)
	if err != nil {
		return seen{}, database.PostgresFault(err)
	}
	return s, nil
}

// missing is the SQL that grants what is not there, or nothing.
func (s seen) missing() string {
	role := database.Quote(s.role)
	switch {
	case !s.has && !s.mayMakeSchema:
		return `CREATE SCHEMA socketgate; GRANT USAGE, CREATE ON SCHEMA socketgate TO ` + role
	case s.has && s.tables < 2 && !(s.mayUse && s.mayMakeTables):
		return `GRANT USAGE, CREATE ON SCHEMA socketgate TO ` + role
	case s.has && s.tables == 2 && !(s.mayUse && s.mayWrite):
		return `GRANT USAGE ON SCHEMA socketgate TO ` + role + `; ` + grantTables + role
	case s.has && s.tables < 2 && !s.mayWrite:
		return `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA socketgate TO ` + role
	case s.tables == 2 && s.columns < allColumns:
		return `DROP TABLE socketgate.gateways, socketgate.sessions`
	}
	return ""
}

const toRun = "let the owner of the database run: "

func (p *postgres) look(ctx context.Context) (where, missing string, err error) {
	s, err := p.see(ctx)
	if missing = s.missing(); missing != "" {
		missing = toRun + missing
	}
	return "the schema socketgate", missing, err
}
